package console

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"fairdial/access"
)

// shownUser is a user without what their password is known by.
type shownUser struct {
	Name      string      `json:"name"`
	Role      access.Role `json:"role"`
	Tenants   []string    `json:"tenants"`
	Disabled  bool        `json:"disabled"`
	ChangedAt time.Time   `json:"changed_at"` // UTC
	ChangedBy string      `json:"changed_by"`
}

type shownKey struct {
	ID      string      `json:"key_id"`
	Name    string      `json:"name"`
	Role    access.Role `json:"role"`
	Holds   access.Role `json:"holds"` // at present
	Tenants []string    `json:"tenants"`
	Made    time.Time   `json:"made"` // UTC
	By      string      `json:"made_by"`
}

type shownSession struct {
	ID      string    `json:"session_id"`
	Name    string    `json:"name"`
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
	Opened  time.Time `json:"opened"` // UTC
	Seen    time.Time `json:"seen"`   // UTC; noted every 20 minutes across restarts
}

func showUser(u access.User) shownUser {
	return shownUser{u.Name, u.Role, append([]string{}, u.Tenants...), u.Disabled, u.ChangedAt.UTC(), u.ChangedBy}
}

func showKey(k access.Key) shownKey {
	return shownKey{k.ID, k.Name, k.Role, k.Holds, append([]string{}, k.Tenants...), k.Made.UTC(), k.By}
}

func showSession(s access.Session) shownSession {
	return shownSession{s.ID, s.Name, s.Address, s.Agent, s.Opened.UTC(), s.Seen.UTC()}
}

// people is who may sign in; it answers itself where nobody does.
func (a *api) people(w http.ResponseWriter) (*access.Book, bool) {
	if a.opts.Access == nil {
		problem(w, http.StatusNotFound, "Nobody signs in here: keys stand in http.api_key_file.")
	}
	return a.opts.Access, a.opts.Access != nil
}

// shown answers a page of a list that access keeps in memory.
func shown[T, S any](a *api, w http.ResponseWriter, r *http.Request, name string, all func(*access.Book) []T, keys func(T) []string, show func(T) S) {
	l, ok := a.listing(w, r, len(keys(*new(T))))
	if !ok {
		return
	}
	book, ok := a.people(w)
	if !ok {
		return
	}
	page, next := following(l, all(book), keys)
	out := make([]S, len(page))
	for i, one := range page {
		out[i] = show(one)
	}
	writePage(w, name, out, next, nil)
}

// What the lists of the settings go by.
func keysOfUser(u access.User) []string { return []string{u.Name} }
func keysOfKey(k access.Key) []string   { return []string{k.Name, k.ID} }

// keysOfSession put the newest first.
func keysOfSession(s access.Session) []string {
	return []string{fmt.Sprintf("%020d", math.MaxInt64-s.Opened.UnixMicro()), s.ID}
}

func (a *api) users(w http.ResponseWriter, r *http.Request) {
	shown(a, w, r, "users", (*access.Book).Users, keysOfUser, showUser)
}

func (a *api) keys(w http.ResponseWriter, r *http.Request) {
	shown(a, w, r, "keys", (*access.Book).Keys, keysOfKey, showKey)
}

func (a *api) sessions(w http.ResponseWriter, r *http.Request) {
	shown(a, w, r, "sessions", func(b *access.Book) []access.Session { return b.Sessions("") }, keysOfSession, showSession)
}

// settled answers a change of who may sign in that failed; it says whether it went well.
func (a *api) settled(w http.ResponseWriter, r *http.Request, err error) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, access.ErrNobody):
		problem(w, http.StatusNotFound, "There is no such user, session or key.")
	case errors.Is(err, access.ErrRefused):
		problem(w, http.StatusUnprocessableEntity, sentence(told(err)))
	default:
		a.fail(w, r, err)
	}
	return false
}

func (a *api) user(w http.ResponseWriter, r *http.Request, book *access.Book, status int, name string) {
	all := book.Users()
	at := slices.IndexFunc(all, func(u access.User) bool { return u.Name == name })
	if at < 0 {
		a.fail(w, r, ErrNotFound)
		return
	}
	writeJSON(w, status, showUser(all[at]))
}

func (a *api) addUser(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Name     string      `json:"name"`
		Role     access.Role `json:"role"`
		Tenants  []string    `json:"tenants"`
		Password string      `json:"password"`
	}
	book, ok := a.people(w)
	if !ok || !readJSON(w, r, &asked) {
		return
	}
	u := access.User{Name: strings.TrimSpace(asked.Name), Role: asked.Role, Tenants: asked.Tenants}
	if a.settled(w, r, book.AddUser(r.Context(), u, asked.Password, actor(r))) {
		a.user(w, r, book, http.StatusCreated, u.Name)
	}
}

// changeUser changes what is said of a user and leaves the rest.
func (a *api) changeUser(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Role     *access.Role `json:"role"`
		Tenants  *[]string    `json:"tenants"`
		Disabled *bool        `json:"disabled"`
		Password *string      `json:"password"`
		Reason   string       `json:"reason"`
	}
	book, ok := a.people(w)
	if !ok || !readJSON(w, r, &asked) {
		return
	}
	c := access.Change{Role: asked.Role, Tenants: asked.Tenants, Disabled: asked.Disabled, Password: asked.Password}
	if a.settled(w, r, book.ChangeUser(r.Context(), r.PathValue("user"), c, actor(r), asked.Reason)) {
		a.user(w, r, book, http.StatusOK, r.PathValue("user"))
	}
}

// addKey makes a key. Its secret is in this answer and nowhere else.
func (a *api) addKey(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Name    string      `json:"name"`
		Role    access.Role `json:"role"`
		Tenants []string    `json:"tenants"`
	}
	book, ok := a.people(w)
	if !ok || !readJSON(w, r, &asked) {
		return
	}
	k := access.Key{Name: strings.TrimSpace(asked.Name), Role: asked.Role, Tenants: asked.Tenants}
	secret, err := book.AddKey(r.Context(), k, actor(r))
	if !a.settled(w, r, err) {
		return
	}
	for _, made := range book.Keys() {
		if made.Name == k.Name {
			k = made
		}
	}
	writeJSON(w, http.StatusCreated, struct {
		shownKey
		Secret string `json:"secret"`
	}{showKey(k), secret})
}

func (a *api) endKey(w http.ResponseWriter, r *http.Request) {
	book, ok := a.people(w)
	if !ok || !readJSON(w, r, &struct{}{}) {
		return
	}
	if a.settled(w, r, book.EndKey(r.Context(), r.PathValue("key"), actor(r))) {
		writeJSON(w, http.StatusOK, map[string]any{"key_id": r.PathValue("key"), "ended": true})
	}
}

func (a *api) endSession(w http.ResponseWriter, r *http.Request) {
	book, ok := a.people(w)
	if !ok || !readJSON(w, r, &struct{}{}) {
		return
	}
	if a.settled(w, r, book.EndSession(r.Context(), r.PathValue("session"), "", actor(r))) {
		writeJSON(w, http.StatusOK, map[string]any{"session_id": r.PathValue("session"), "ended": true})
	}
}
