package console

import (
	"net/http"

	"fairdial/access"
)

// ownSession is a session of the caller's.
type ownSession struct {
	shownSession
	Current bool `json:"current"` // the one that asks
}

// ownSessions are where the caller is signed in. Who comes by a key has none: the key's maker
// looks after theirs.
func (a *api) ownSessions(w http.ResponseWriter, r *http.Request) {
	who := identity(r.Context())
	all := func(b *access.Book) []access.Session {
		if who.Session == "" || who.Holder == "" { // no holder is everybody
			return nil
		}
		return b.Sessions(who.Holder)
	}
	shown(a, w, r, "sessions", all, keysOfSession, func(s access.Session) ownSession {
		return ownSession{showSession(s), s.ID == who.Session}
	})
}

// endOwnSession ends one of the caller's sessions, the one that asks too.
func (a *api) endOwnSession(w http.ResponseWriter, r *http.Request) {
	book, ok := a.people(w)
	if !ok {
		return
	}
	who, id := identity(r.Context()), r.PathValue("session")
	err := access.ErrNobody
	if who.Session != "" && who.Holder != "" {
		err = book.EndSession(r.Context(), id, who.Holder, actor(r))
	}
	if a.settled(w, r, err) {
		writeJSON(w, http.StatusOK, map[string]any{"session_id": id, "ended": true})
	}
}
