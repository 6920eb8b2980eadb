package console

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"fairdial/rating"
)

// slice is one line of a breakdown of use.
type slice struct {
	Name    string `ch:"name" json:"name"`
	Label   string `ch:"label" json:"label"`
	Calls   int64  `ch:"calls" json:"calls"`
	Seconds int64  `ch:"seconds" json:"seconds"`
}

// found is a record that was looked for.
type found struct {
	TenantID  string    `ch:"tenant_id"`
	Tenant    string    `ch:"tenant"`
	UsageID   string    `ch:"usage_id"`
	Organizer string    `ch:"organizer"`
	At        time.Time `ch:"at"` // UTC
	Seconds   int64     `ch:"seconds"`
	Number    string    `ch:"callee_number"`
	Country   string    `ch:"destination_country"`
}

// exploration is what is asked of use; all of it stands in the page's address.
type exploration struct {
	Record, Tenant, By string
	From, To           string // days; To is not in it
	from, to           time.Time
}

type explorerBody struct {
	exploration
	Ways    []string
	Slices  []slice
	Most    int64
	Total   int64
	Found   []found
	Asked   bool
	Tenants []source
	query   url.Values
}

func (b explorerBody) Export() string { return "/usage/export?" + b.query.Encode() }

// Plot is use by day as a chart; of another breakdown there is none.
func (b explorerBody) Plot() dayPlot {
	c := dayPlot{From: b.from, To: b.to}
	if b.By != "day" {
		return c
	}
	for _, s := range b.Slices {
		if day, err := time.Parse(time.DateOnly, s.Name); err == nil { // the store gives days
			c.Days = append(c.Days, dayUse{Day: day, Seconds: s.Seconds, Calls: s.Calls})
		}
	}
	return c
}

// Bounds of the explorer.
const (
	longestSpan = 92 * 24 * time.Hour
	usualSpan   = 31 * 24 * time.Hour
)

// ways are by what use is broken down.
func ways() []string { return []string{"day", "tenant", "country", "bucket", "organizer"} }

// parseDay reads a day that the store can hold.
func parseDay(text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err == nil && (t.Year() < 2000 || t.Year() >= 2100) {
		err = fmt.Errorf("%s: days are from 2000-01-01 to 2099-12-31", text)
	}
	return t, err
}

// explore reads what is asked; without days it is the month before the newest call.
func (p *pages) explore(r *http.Request) (e exploration, err error) {
	q := r.URL.Query()
	e = exploration{Record: q.Get("record"), Tenant: q.Get("tenant"), By: ways()[0]}
	for _, way := range ways() {
		if way == q.Get("by") {
			e.By = way
		}
	}
	if e.to, err = parseDay(q.Get("to")); err != nil {
		var newest []struct {
			At time.Time `ch:"at"`
		}
		if err := p.views.read(r.Context(), &newest, "newest_of_all"); err != nil {
			return e, err
		}
		e.to = p.opts.Now().UTC().Truncate(24 * time.Hour)
		if len(newest) > 0 && newest[0].At.Year() > 2000 {
			e.to = newest[0].At.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
		}
	}
	if e.from, err = parseDay(q.Get("from")); err != nil || !e.from.Before(e.to) {
		e.from = e.to.Add(-usualSpan)
	}
	if e.to.Sub(e.from) > longestSpan {
		e.from = e.to.Add(-longestSpan)
	}
	e.From, e.To = e.from.Format(time.DateOnly), e.to.Format(time.DateOnly)
	return e, nil
}

func (p *pages) slices(r *http.Request, e exploration) (out []slice, err error) {
	name := "slice_" + e.By
	args := []any{tenantsOnly(r), named("tenant_id", e.Tenant), instant("from", e.from), instant("to", e.to)}
	return out, p.views.read(r.Context(), &out, name, args...)
}

func (p *pages) explorer(w http.ResponseWriter, r *http.Request) {
	e, err := p.explore(r)
	b := explorerBody{exploration: e, Ways: ways(), Asked: e.Record != "", query: r.URL.Query()}
	if err == nil {
		b.Tenants, err = p.views.sources(r.Context())
	}
	if err == nil && b.Asked {
		err = p.views.read(r.Context(), &b.Found, "find", tenantsOnly(r), named("usage_id", e.Record))
	} else if err == nil {
		b.Slices, err = p.slices(r, e)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, s := range b.Slices {
		b.Most, b.Total = max(b.Most, s.Seconds), b.Total+s.Seconds
	}
	p.show(w, r, http.StatusOK, "explorer", page{Title: "Usage", Section: "Usage", Body: b})
}

// exportSlices gives what is on the screen as CSV.
func (p *pages) exportSlices(w http.ResponseWriter, r *http.Request) {
	e, err := p.explore(r)
	var all []slice
	if err == nil {
		all, err = p.slices(r, e)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	attachment(w, "usage-by-"+e.By+"-"+e.From+"-"+e.To+".csv")
	out := csv.NewWriter(w)
	_ = out.Write([]string{e.By, "name", "calls", "seconds"})
	for _, s := range all {
		_ = out.Write([]string{rating.Cell(s.Name), rating.Cell(s.Label), strconv.FormatInt(s.Calls, 10), strconv.FormatInt(s.Seconds, 10)})
	}
	out.Flush()
}

func attachment(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
}

// record explains what paid for a call.
func (p *pages) record(w http.ResponseWriter, r *http.Request) {
	e, err := p.opts.Ratings.Explain(r.Context(), r.PathValue("tenant"), r.PathValue("usage_id"))
	if errors.Is(err, rating.ErrNoRecord) || errors.Is(err, rating.ErrManyTenants) {
		err = ErrNotFound
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "record", page{Title: "Usage record", Section: "Usage", Body: e})
}
