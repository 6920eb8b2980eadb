package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fairdial/access"
	"fairdial/store/journal"
)

// SavedViews is the log in which people keep filters of the queue.
type SavedViews interface {
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
	Latest(ctx context.Context, stream, subject string) (journal.Event, bool, error)
	Append(ctx context.Context, e journal.Event) error
}

// The log of saved views. A subject is its owner, a slash and its name; what is shared has no
// owner.
const (
	viewStream  = "saved_view"
	viewSaved   = "saved"
	viewRemoved = "removed"
	longestView = 60 // letters of a name
	mostViews   = 50 // of an owner
)

// savedView is a filter of the queue under a name.
type savedView struct {
	Name, Query string
	Shared      bool
}

// Link is the queue as the view has it.
func (v savedView) Link() string { return "/cases?" + v.Query }

func viewSubject(owner, name string) string { return url.PathEscape(owner) + "/" + name }

// savedViews are a reader's own and those for all, by name.
func (p *pages) savedViews(r *http.Request) (out []savedView, err error) {
	if p.opts.SavedViews == nil {
		return nil, nil
	}
	heads, err := p.opts.SavedViews.Heads(r.Context(), viewStream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("read the saved views: %w", err)
	}
	mine := url.PathEscape(caller(r))
	for _, e := range heads {
		owner, name, _ := strings.Cut(e.Subject, "/")
		if e.Kind == viewSaved && (owner == "" || owner == mine) {
			out = append(out, savedView{name, queueQuery(e.Body).Encode(), owner == ""})
		}
	}
	slices.SortFunc(out, func(a, b savedView) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// mayShare says who keeps views for everybody.
func mayShare(who access.Identity) bool { return who.May(access.Administer) && !who.Scoped() }

// saveView keeps the filter of the queue under a name, or removes one. A view is the
// sender's own; one for all takes an admin.
func (p *pages) saveView(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || p.opts.SavedViews == nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form could not be read.", "/cases")
		return
	}
	query := queueQuery(r.PostForm.Get("queue")).Encode()
	back := "/cases?" + query
	name, err := journal.Actor(r.PostForm.Get("name")) // hidden characters would make two look alike
	if err != nil || len([]rune(name)) > longestView {
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", fmt.Sprintf("Give the view a name of 1 to %d letters.", longestView), back)
		return
	}
	owner := caller(r)
	if r.PostForm.Get("shared") != "" {
		if !mayShare(identity(r.Context())) {
			p.say(w, r, http.StatusForbidden, "Not done", "Views for everybody are kept by an admin.", back)
			return
		}
		owner = ""
	}
	kind := viewSaved
	if r.PostForm.Get("do") == "remove" {
		kind = viewRemoved
	}
	all, err := p.savedViews(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	there := slices.ContainsFunc(all, func(v savedView) bool { return v.Name == name && v.Shared == (owner == "") })
	switch {
	case kind == viewRemoved && !there:
		p.fail(w, r, ErrNotFound)
		return
	case kind == viewSaved && !there && len(all) >= mostViews:
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", fmt.Sprintf("There are %d views; remove one first.", mostViews), back)
		return
	}
	subject := viewSubject(owner, name)
	last, _, err := p.opts.SavedViews.Latest(r.Context(), viewStream, subject)
	if err == nil {
		err = p.opts.SavedViews.Append(r.Context(), journal.Event{
			Stream: viewStream, Subject: subject, Version: last.Version + 1, Kind: kind, Actor: "console:" + caller(r), At: p.opts.Now(),
			Reason: "a view of the queue", Body: query,
		})
	}
	if lost, ok := errors.AsType[*journal.ConflictError](err); ok {
		p.say(w, r, http.StatusConflict, "Somebody changed this meanwhile", lost.Winner.Actor+" was first.", back)
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}
