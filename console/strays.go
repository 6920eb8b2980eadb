package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// everythingElse matches what no other route does.
const everythingElse = "/"

// strays answers what no route is for: a page with the way back to who reads pages, a line to
// others. The API has its own, which are documents.
func (k *keeper) strays(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, known, ok := k.identify(w, r)
		if !ok {
			return
		}
		if known { // the page then shows where they may go
			r = r.WithContext(context.WithValue(r.Context(), identityKey{}, who))
		}
		status, title, text := http.StatusNotFound, "Nothing here", "There is nothing under this address. It may have been mistyped."
		if methods := methodsOf(mux, r); len(methods) > 0 {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			status, title, text = http.StatusMethodNotAllowed, "Nothing to show here", "This address takes what a form sends, and shows nothing. Nothing was done."
		}
		if !slices.ContainsFunc(r.Header.Values("Accept"), func(kinds string) bool { return strings.Contains(kinds, "text/html") }) {
			plainText(w, status, text+"\n")
			return
		}
		k.pages.say(w, r, status, title, text, "/")
	}
}

// methodsOf are those that an address is there for.
func methodsOf(mux *http.ServeMux, r *http.Request) (out []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != everythingElse {
			out = append(out, method)
		}
	}
	return out
}
