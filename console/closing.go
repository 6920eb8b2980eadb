package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"fairdial/rating"
	"fairdial/store/journal"
	"fairdial/usage"
)

// obstacle is what speaks against closing a month, and where it is seen.
type obstacle struct {
	rating.Obstacle
	Link, To string // an address, and what is there; "" for nowhere
}

// command is what closings kept of how to look into an obstacle, for who has a command line.
var command = regexp.MustCompile(` \((?:fairdial [^)]*|finance\.latency)\)$`)

// withoutCommand is an obstacle that was overruled, as pages tell it.
func withoutCommand(text string) string { return command.ReplaceAllString(text, "") }

// Short is an obstacle in a word or two.
func (o obstacle) Short() string {
	some := func(one, many string) string {
		if o.Count == 1 {
			return "1 " + one
		}
		return strconv.FormatUint(o.Count, 10) + " " + many
	}
	switch o.Code {
	case rating.ObstacleEarly:
		return "records may come"
	case rating.ObstacleQuarantined:
		return some("rejected row", "rejected rows")
	case rating.ObstacleStale:
		return "not all is rated"
	case rating.ObstacleEarlierStale:
		return o.Month + " is not rated"
	case rating.ObstacleUnpriced:
		return some("call unpriced", "calls unpriced")
	case rating.ObstacleUnsigned:
		return "not signed"
	}
	return o.Text
}

// obstacles are those of one statement.
func (p *pages) obstacles(ctx context.Context, m usage.Month, st rating.Statement) ([]obstacle, error) {
	all, err := p.opts.Books.Obstacles(ctx, m, []rating.Statement{st})
	if err != nil {
		return nil, err
	}
	out := []obstacle{}
	for _, o := range all[st.TenantID] {
		out = append(out, linked(o, st.Month, st.TenantID))
	}
	return out, nil
}

func linked(o rating.Obstacle, month, tenantID string) obstacle {
	out := obstacle{Obstacle: o}
	at := "/finance/" + url.PathEscape(month) + "/" + url.PathEscape(tenantID)
	switch o.Code {
	case rating.ObstacleQuarantined:
		out.Link, out.To = "/ingest/quarantine?"+url.Values{"tenant": {tenantID}, "month": {month}}.Encode(), "the rows"
	case rating.ObstacleStale:
		out.Link, out.To = at+"/records?class="+rating.StatusNotRated, "calls that are not rated"
	case rating.ObstacleEarlierStale:
		out.Link, out.To = "/finance/"+url.PathEscape(o.Month)+"/"+url.PathEscape(tenantID), "its statement"
	case rating.ObstacleUnpriced:
		out.Link, out.To = at+"/records?class="+rating.UnpricedRecords, "the calls"
	case rating.ObstacleUnsigned:
		out.Link, out.To = at+"/variance#sign", "the variance"
	}
	return out
}

// whyNotReopened says why the reader cannot open a closed month again; "" where they can.
func (p *pages) whyNotReopened(r *http.Request, m usage.Month, st rating.Statement) (string, error) {
	err := p.opts.Books.MayReopen(r.Context(), m, st.TenantID, "console:"+caller(r))
	if err == nil {
		return "", nil
	}
	text, known := bookedText(err, m.String(), or(st.TenantName, st.TenantID))
	if !known {
		return "", err
	}
	return text, nil
}

func statementAddress(r *http.Request) string {
	return "/finance/" + url.PathEscape(r.PathValue("month")) + "/" + url.PathEscape(r.PathValue("tenant"))
}

func (p *pages) closeMonth(w http.ResponseWriter, r *http.Request) {
	m, ok := p.accounted(w, r)
	if !ok {
		return
	}
	_, err := p.opts.Books.Close(r.Context(), rating.CloseRequest{
		Month: m, TenantID: r.PathValue("tenant"), Actor: "console:" + caller(r), Reason: r.PostForm.Get("reason"), Force: r.PostForm.Get("force") != "",
	})
	p.booked(w, r, err, statementAddress(r))
}

func (p *pages) reopenMonth(w http.ResponseWriter, r *http.Request) {
	m, ok := p.accounted(w, r)
	if !ok {
		return
	}
	_, err := p.opts.Books.Reopen(r.Context(), m, r.PathValue("tenant"), "console:"+caller(r), r.PostForm.Get("reason"))
	p.booked(w, r, err, statementAddress(r))
}

// note writes down what finance has to say of a statement, at any time.
func (p *pages) note(w http.ResponseWriter, r *http.Request) {
	m, ok := p.accounted(w, r)
	if !ok {
		return
	}
	_, err := p.opts.Books.Note(r.Context(), m, r.PathValue("tenant"), "console:"+caller(r), r.PostForm.Get("text"))
	p.booked(w, r, err, statementAddress(r)+"#notes")
}

func (p *pages) accounted(w http.ResponseWriter, r *http.Request) (usage.Month, bool) {
	m, ok := p.monthOf(w, r)
	if !ok {
		return m, false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form could not be read.", statementAddress(r))
		return m, false
	}
	return m, true
}

// bookedText says in words of the page why finance did nothing; false of what is no such reason.
func bookedText(err error, month, tenant string) (string, bool) {
	of := month + " of " + tenant
	notReady, blocked := errors.AsType[*rating.NotReadyError](err)
	later, adjusted := errors.AsType[*rating.AdjustedLaterError](err)
	lost, conflict := errors.AsType[*journal.ConflictError](err)
	one, oneHand := errors.AsType[*journal.OneHandError](err)
	switch {
	case blocked:
		because := []string{}
		for _, o := range notReady.Obstacles {
			because = append(because, o.Text)
		}
		return of + " may still change: " + strings.Join(because, "; ") + ". With a reason it can be closed all the same.", true
	case adjusted:
		return later.Month + " is closed with adjustments of " + month + " in it: open " + later.Month + " again first.", true
	case conflict:
		return lost.Winner.Actor + " was first: " + lost.Winner.Kind + " at " + clock(lost.Winner.At) + ".", true
	case errors.Is(err, rating.ErrAlreadyClosed):
		return of + " is closed already.", true
	case errors.Is(err, rating.ErrNotClosed):
		return of + " is not closed.", true
	case oneHand:
		return "Another person than who closed " + of + " must open it again, and for thirty days you are none: " + strings.ReplaceAll(strings.Join(one.Because, ", "), "console:", "") + ".", true
	case errors.Is(err, rating.ErrSamePerson):
		return "You closed " + of + " yourself. Another person with the role finance must open it again.", true
	case errors.Is(err, rating.ErrNoReason):
		return "Nothing was written. Say why: it is kept with your name.", true
	case errors.Is(err, rating.ErrNoteTooLong):
		return sentence(rating.ErrNoteTooLong.Error()), true
	case errors.Is(err, rating.ErrOtherFingerprint):
		return "The figures have changed since you looked at them. Look at them again before you sign.", true
	case errors.Is(err, rating.ErrWorkingOut):
		return "How " + of + " compares has changed and is being worked out: look at it again.", true
	case errors.Is(err, rating.ErrNotRated):
		return of + " is not rated.", true
	}
	return "", false
}

// booked answers a form of finance: back to where it came from, or why nothing was done.
func (p *pages) booked(w http.ResponseWriter, r *http.Request, err error, back string) {
	if err == nil {
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	tenant, failed := p.views.tenantName(r.Context(), r.PathValue("tenant"))
	if failed != nil {
		tenant = r.PathValue("tenant")
	}
	text, known := bookedText(err, r.PathValue("month"), tenant)
	if !known {
		p.fail(w, r, err)
		return
	}
	status, title := http.StatusUnprocessableEntity, "Not done"
	_, conflict := errors.AsType[*journal.ConflictError](err)
	switch {
	case conflict:
		status, title = http.StatusConflict, "Somebody changed this meanwhile"
	case errors.Is(err, rating.ErrAlreadyClosed):
		status, title = http.StatusConflict, "Somebody was first"
	case errors.Is(err, rating.ErrWorkingOut):
		status = http.StatusConflict
	}
	p.say(w, r, status, title, text, back)
}
