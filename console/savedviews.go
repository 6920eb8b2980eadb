package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

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
	shelfOfOne  = "mine"
	shelfOfAll  = "shared"
)

// savedView is a filter of the queue under a name.
type savedView struct {
	Name, Query string
	Shared      bool
	By          string    // who saved it
	At          time.Time // UTC
}

// shelf says whose a view is, as the API names it.
func (v savedView) shelf() string {
	if v.Shared {
		return shelfOfAll
	}
	return shelfOfOne
}

// Link is the queue as the view has it.
func (v savedView) Link() string { return "/cases?" + v.Query }

func viewSubject(owner, name string) string { return url.PathEscape(owner) + "/" + name }

// mayShare says who keeps views for everybody.
func mayShare(who access.Identity) bool { return who.May(access.Administer) && !who.Scoped() }

// mayRead says whether somebody may know of a view, their own or one for all. Whoever keeps views
// for all sees all tenants, and a name is free text: somebody who sees some tenants is shown those
// alone that are of one of theirs. Their own may be of a time when they saw more.
func mayRead(who access.Identity, v savedView) bool {
	tenant := filterOf(queueQuery(v.Query)).Tenant
	return !who.Scoped() || tenant == "" && !v.Shared || tenant != "" && who.Sees(tenant)
}

// viewsOf are a reader's own views and those for all that they may know of, by name.
func viewsOf(r *http.Request, log SavedViews) (out []savedView, err error) {
	if log == nil {
		return nil, nil
	}
	heads, err := log.Heads(r.Context(), viewStream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("read the saved views: %w", err)
	}
	reader := identity(r.Context())
	mine := url.PathEscape(reader.Name)
	for _, e := range heads {
		owner, name, _ := strings.Cut(e.Subject, "/")
		v := savedView{name, queueQuery(e.Body).Encode(), owner == "", e.Actor, e.At.UTC()}
		if e.Kind == viewSaved && (owner == "" || owner == mine) && mayRead(reader, v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b savedView) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.shelf(), b.shelf()))
	})
	return out, nil
}

// errView is what is not done with a view; its text is for people.
var errView = errors.New("view")

// errSharing: somebody keeps views for everybody who may not.
var errSharing = errors.New("views for everybody are kept by an admin")

// viewChange saves a view of its sender's or one for everybody, or removes it.
type viewChange struct {
	name, query     string
	shared, removed bool
	actor           string
}

// changeView writes a change of a view into the log.
func changeView(r *http.Request, log SavedViews, now time.Time, c viewChange) (savedView, error) {
	name, err := journal.Actor(c.name) // hidden characters would make two look alike
	if err != nil || len([]rune(name)) > longestView {
		return savedView{}, fmt.Errorf("%w: give the view a name of 1 to %d letters", errView, longestView)
	}
	owner := caller(r)
	if c.shared {
		if owner = ""; !mayShare(identity(r.Context())) {
			return savedView{}, errSharing
		}
	}
	if !c.removed && !mayRead(identity(r.Context()), savedView{Query: c.query, Shared: c.shared}) {
		return savedView{}, ErrNotFound // a tenant that they do not see
	}
	all, err := viewsOf(r, log)
	if err != nil {
		return savedView{}, err
	}
	there := slices.ContainsFunc(all, func(v savedView) bool { return v.Name == name && v.Shared == c.shared })
	kind := viewSaved
	switch {
	case c.removed && !there:
		return savedView{}, ErrNotFound
	case c.removed:
		kind = viewRemoved
	case !there && len(all) >= mostViews:
		return savedView{}, fmt.Errorf("%w: there are %d views; remove one first", errView, mostViews)
	}
	subject := viewSubject(owner, name)
	last, _, err := log.Latest(r.Context(), viewStream, subject)
	if err == nil {
		err = log.Append(r.Context(), journal.Event{
			Stream: viewStream, Subject: subject, Version: last.Version + 1, Kind: kind, Actor: c.actor, At: now, Reason: "a view of the queue", Body: c.query,
		})
	}
	if err != nil {
		return savedView{}, fmt.Errorf("keep the view %q: %w", name, err)
	}
	return savedView{name, c.query, c.shared, c.actor, now.UTC()}, nil
}

// saveView keeps the filter of the queue under a name, or removes one. A view is the
// sender's own; one for all takes an admin.
func (p *pages) saveView(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || p.opts.SavedViews == nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form could not be read.", "/cases")
		return
	}
	f := r.PostForm
	query := queueQuery(f.Get("queue")).Encode()
	back := "/cases?" + query
	_, err := changeView(r, p.opts.SavedViews, p.opts.Now(), viewChange{f.Get("name"), query, f.Get("shared") != "", f.Get("do") == "remove", "console:" + caller(r)})
	lost, late := errors.AsType[*journal.ConflictError](err)
	switch {
	case err == nil:
		http.Redirect(w, r, back, http.StatusSeeOther)
	case errors.Is(err, errSharing):
		p.say(w, r, http.StatusForbidden, "Not done", sentence(err.Error()), back)
	case errors.Is(err, errView):
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", viewRefusal(err), back)
	case late:
		p.say(w, r, http.StatusConflict, "Somebody changed this meanwhile", lost.Winner.Actor+" was first.", back)
	default:
		p.fail(w, r, err)
	}
}

func viewRefusal(err error) string {
	return sentence(strings.TrimPrefix(err.Error(), errView.Error()+": "))
}
