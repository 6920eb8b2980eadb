package console

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"fairdial/rating"
)

// listedUse is a usage record as a list has it.
type listedUse struct {
	TenantID  string    `ch:"tenant_id" json:"tenant_id"`
	UsageID   string    `ch:"usage_id" json:"usage_id"`
	Organizer string    `ch:"organizer_id" json:"organizer_id"`
	Name      string    `ch:"organizer_name" json:"organizer_name"`
	At        time.Time `ch:"started_at" json:"started_at"` // UTC
	Key       string    `ch:"key" json:"-"`
	Seconds   int64     `ch:"seconds" json:"seconds"`
	Number    string    `ch:"callee_number" json:"callee_number"`
	Country   string    `ch:"destination_country" json:"destination_country"`
	Class     string    `ch:"destination_class" json:"destination_class"`
}

// recordFilter is which usage records are listed: those that began from from on and before to.
type recordFilter struct {
	tenant, organizer, country string // "" is any
	bucket                     string // that paid for some of it; "" is any
	from, to                   time.Time
}

// newestUse reads a page backwards, over more and more time until it is full: the store need
// not put months in order to give the newest hour. The first three keys of the list are those of a record.
func (v views) newestUse(r *http.Request, f recordFilter, l listing) (read []listedUse, err error) {
	end := f.to
	if at, err := time.Parse("2006-01-02 15:04:05.9999999", l.key(0)); err == nil {
		end = at
	}
	for back := time.Hour; ; back *= 6 {
		begin := end.Add(-back).Truncate(time.Second)
		if !begin.After(f.from) {
			begin = f.from
		}
		read = nil
		err := v.read(r.Context(), &read, "list_usage", tenantsOnly(r), named("tenant_id", f.tenant), named("organizer_id", f.organizer),
			named("country", strings.ToUpper(f.country)), named("bucket", f.bucket), instant("from", begin), instant("to", f.to),
			named("after_at", l.key(0)), named("after_tenant", l.key(1)), named("after", l.key(2)), named("limit", uint64(l.ask()))) //nolint:gosec // above 0
		if err != nil || len(read) >= l.ask() || begin.Equal(f.from) {
			return read, err
		}
	}
}

// mostExported is how many records one file holds.
const mostExported = 10_000

// records is a page of the records that are asked for.
func (p *pages) records(r *http.Request, e exploration, limit int) ([]listedUse, keyset, error) {
	l := listing{limit: limit, of: "records"}
	k := keyset{list: l.of, path: "/usage", query: r.URL.Query()}
	if c, ok := readCursor(k.query.Get(l.of), 3); ok && c.Of == l.of {
		l.after, k.from = c.After, k.query.Get(l.of)
	}
	read, err := p.views.newestUse(r, recordFilter{e.Tenant, e.Organizer, e.Country, e.Bucket, e.from, e.to}, l)
	page, next := turn(l, read, func(u listedUse) []string { return []string{u.Key, u.TenantID, u.UsageID} })
	if next != nil {
		k.to = *next
	}
	return page, k, err
}

func writeRecords(out *csv.Writer, all []listedUse) {
	_ = out.Write([]string{"tenant_id", "usage_id", "organizer_id", "organizer_name", "started_at", "seconds", "callee_number", "destination_country", "destination_class"})
	for _, u := range all {
		row := []string{u.TenantID, u.UsageID, u.Organizer, u.Name, u.At.UTC().Format(time.RFC3339), strconv.FormatInt(u.Seconds, 10), maskNumber(u.Number), u.Country, u.Class}
		for i := range row {
			row[i] = rating.Cell(row[i])
		}
		_ = out.Write(row)
	}
}
