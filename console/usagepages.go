package console

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	Organizer, Country string // of records alone
	Bucket             string // the same
	From, To           string // days; To is not in it
	Instead            bool   // of the days asked for, which cannot be shown, others are
	from, to           time.Time
}

type explorerBody struct {
	exploration
	Ways    []string
	Buckets []string
	Slices  []slice
	Most    int64
	Total   int64 // seconds on this page
	Pager   pager
	Records []listedUse
	Keyset  keyset
	Found   []found
	Asked   bool
	Tenants []source
	query   url.Values
}

func (b explorerBody) Export() string { return "/usage/export?" + b.query.Encode() }

// MostExported is how many records one file holds.
func (b explorerBody) MostExported() int { return mostExported }

// Into is the address of what a line is made of: who used it, or its records.
func (b explorerBody) Into(s slice) string {
	q := url.Values{"by": {byRecord}, "from": {b.From}, "to": {b.To}}
	if b.Tenant != "" {
		q.Set("tenant", b.Tenant)
	}
	switch b.By {
	case "day":
		day, err := time.Parse(time.DateOnly, s.Name)
		if err != nil {
			return ""
		}
		q.Set("from", s.Name)
		q.Set("to", day.AddDate(0, 0, 1).Format(time.DateOnly))
	case "tenant":
		q.Set("tenant", s.Name)
		q.Set("by", "organizer")
	case "organizer", "country", "bucket":
		q.Set(b.By, s.Name)
	}
	if s.Name == "" {
		return ""
	}
	return "/usage?" + q.Encode()
}

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

// byRecord breaks use down to what it is made of.
const byRecord = "record"

// ways are by what use is added up.
func ways() []string { return []string{"day", "tenant", "country", "bucket", "organizer"} }

// buckets are what can have paid for a call.
func buckets() []string { return []string{"addon", "pool", "credits", "unfunded"} }

// linesShown is how many lines of a breakdown a page shows: all days of the longest span among them.
const linesShown = 200

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
	e = exploration{Record: strings.TrimSpace(q.Get("record")), Tenant: q.Get("tenant"), By: ways()[0], Organizer: strings.TrimSpace(q.Get("organizer")), Country: strings.ToUpper(strings.TrimSpace(q.Get("country"))), Bucket: q.Get("bucket")}
	if slices.Contains(ways(), q.Get("by")) {
		e.By = q.Get("by")
	}
	switch {
	case q.Get("by") == byRecord, q.Get("by") == "" && (e.Organizer != "" || e.Country != "" || e.Bucket != ""):
		e.By = byRecord
	default:
		e.Organizer, e.Country, e.Bucket = "", "", "" // sums are of all organizers and countries
	}
	if e.to, err = parseDay(q.Get("to")); err != nil {
		var newest []struct {
			At time.Time `ch:"at"`
		}
		if err := p.views.read(r.Context(), &newest, "newest_of_all", tenantsOnly(r)); err != nil {
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
	e.Instead = q.Get("from") != "" && q.Get("from") != e.From || q.Get("to") != "" && q.Get("to") != e.To
	return e, nil
}

// slices are lines of a breakdown, from some place on.
func (v views) slices(ctx context.Context, by, tenant string, since, until time.Time, limit int, offset int64) (out []slice, err error) {
	return out, v.read(ctx, &out, "slice_"+by, scopeOf(ctx), named("tenant_id", tenant), instant("from", since), instant("to", until),
		named("limit", uint64(limit)), named("offset", uint64(offset))) //nolint:gosec // neither is below 0
}

func (p *pages) explorer(w http.ResponseWriter, r *http.Request) {
	e, err := p.explore(r)
	b := explorerBody{exploration: e, Ways: append(ways(), byRecord), Buckets: buckets(), Asked: e.Record != "", query: r.URL.Query()}
	if err == nil {
		b.Tenants, err = p.views.sources(r.Context())
	}
	switch {
	case err != nil:
	case b.Asked:
		err = p.views.read(r.Context(), &b.Found, "find", tenantsOnly(r), named("usage_id", e.Record))
	case e.By == byRecord:
		b.Records, b.Keyset, err = p.records(r, e, perList)
	default:
		b.Pager = pager{Page: min(pageOf(r), lastPage), query: b.query}
		b.Slices, err = p.views.slices(r.Context(), e.By, e.Tenant, e.from, e.to, linesShown+1, int64((b.Pager.Page-1)*linesShown))
		b.Pager.More = len(b.Slices) > linesShown && b.Pager.Page < lastPage
		b.Slices = b.Slices[:min(len(b.Slices), linesShown)]
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, s := range b.Slices {
		b.Most, b.Total = max(b.Most, s.Seconds), b.Total+s.Seconds
	}
	for _, u := range b.Records {
		b.Total += u.Seconds
	}
	p.show(w, r, http.StatusOK, "explorer", page{Title: "Usage", Section: "Usage", Body: b})
}

// exportUsage gives what the page shows as CSV: of a breakdown all lines, of records mostExported
// from where the page begins.
func (p *pages) exportUsage(w http.ResponseWriter, r *http.Request) {
	e, err := p.explore(r)
	var lines []slice
	var records []listedUse
	if err == nil && e.By == byRecord {
		records, _, err = p.records(r, e, mostExported)
	} else if err == nil {
		lines, err = p.views.slices(r.Context(), e.By, e.Tenant, e.from, e.to, lastPage*linesShown, 0)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	attachment(w, "usage-by-"+e.By+"-"+e.From+"-"+e.To+".csv")
	out := csv.NewWriter(w)
	if e.By == byRecord {
		writeRecords(out, records)
	} else {
		_ = out.Write([]string{e.By, "name", "calls", "seconds"})
		for _, s := range lines {
			_ = out.Write([]string{rating.Cell(s.Name), rating.Cell(s.Label), strconv.FormatInt(s.Calls, 10), strconv.FormatInt(s.Seconds, 10)})
		}
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
