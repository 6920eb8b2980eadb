package console

import (
	"context"
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairdial/rating"
)

// deed is an event of the log, without its body: that holds what is not for every reader.
type deed struct {
	Stream      string    `ch:"stream" json:"stream"`
	Subject     string    `ch:"subject" json:"subject"`
	Version     uint32    `ch:"version" json:"version"`
	Kind        string    `ch:"kind" json:"kind"`
	TenantID    string    `ch:"tenant_id" json:"tenant_id"`
	OrganizerID string    `ch:"organizer_id" json:"organizer_id"`
	Actor       string    `ch:"actor" json:"actor"`
	At          time.Time `ch:"recorded_at" json:"recorded_at"` // UTC
	Reason      string    `ch:"reason" json:"reason"`
}

// Case is the address of the case it is about, if it is about one.
func (d deed) Case() string {
	if d.Stream == "case" {
		return caseAddress(d.Subject)
	}
	return ""
}

// About is the address of what it is about: its case, or its organizer.
func (d deed) About() string { return or(d.Case(), organizerAddress(d.TenantID, d.OrganizerID)) }

type auditBody struct {
	Text, Stream, Before string
	From, To             string // days, UTC; To is in it
	System               bool   // with what the program did by itself
	Deeds                []listedDeed
	Next                 string
	Streams              []string
	Query                string
}

// exportedDeeds bounds an export of the audit.
const exportedDeeds = 50_000

func (p *pages) deeds(r *http.Request, limit int) (b auditBody, err error) {
	q := r.URL.Query()
	b = auditBody{
		From: dayOf(q.Get("from")), To: dayOf(q.Get("to")),
		Text: q.Get("q"), Stream: q.Get("stream"), Before: q.Get("before"), System: q.Get("system") != "", Query: q.Encode(),
		Streams: []string{"case", "enforcement", "close", "reconciliation", "note", "quarantine", "ingest", "credits", "access", "delivery", "pool", "rule_candidate", "saved_view", "job"},
	}
	// Events of one moment go by their id, so that a page begins where the one before ended.
	const moment = "2006-01-02 15:04:05.000000"
	at, id := b.Before[:min(len(moment), len(b.Before))], strings.TrimPrefix(b.Before[min(len(moment), len(b.Before)):], " ")
	if _, err := time.Parse(moment, at); err != nil {
		b.Before, at, id = "", "", ""
	}
	called, err := p.views.idsNamed(r.Context(), b.Text)
	if err != nil {
		return b, err
	}
	err = p.views.read(r.Context(), &b.Deeds, "list_audit", named("text", b.Text), named("called", called), named("stream", b.Stream), named("actor", ""), named("system", b.System), named("from", b.From), named("to", b.To),
		named("after_at", at), named("after", id), named("limit", uint64(limit))) //nolint:gosec // a constant
	if n := len(b.Deeds); n > 0 {
		b.Next = b.Deeds[n-1].Key + " " + b.Deeds[n-1].ID
	}
	b.Deeds = slices.DeleteFunc(b.Deeds, func(d listedDeed) bool { return !d.Counts })
	return b, err
}

// dayOf is a day that the store can hold, "" for anything else.
func dayOf(text string) string {
	if _, err := parseDay(text); err != nil {
		return ""
	}
	return text
}

// call names whom the events are about.
func (b auditBody) call(ctx context.Context, v views) error {
	about := make([]who, len(b.Deeds))
	for i, d := range b.Deeds {
		about[i] = who{d.TenantID, d.OrganizerID}
	}
	called, err := v.namesOf(ctx, about)
	for i, d := range b.Deeds {
		b.Deeds[i].Name, b.Deeds[i].Tenant = called.organizer(d.TenantID, d.OrganizerID), called.tenant(d.TenantID)
	}
	return err
}

func (p *pages) audit(w http.ResponseWriter, r *http.Request) {
	b, err := p.deeds(r, perList)
	if err == nil {
		err = b.call(r.Context(), p.views)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if b.Next != "" { // the last page may be an empty one: conflicts lost are left out
		q := r.URL.Query()
		q.Set("before", b.Next)
		b.Next = "?" + q.Encode()
	}
	p.show(w, r, http.StatusOK, "audit", page{Title: "Audit", Section: "Audit", Body: b})
}

func (p *pages) exportAudit(w http.ResponseWriter, r *http.Request) {
	b, err := p.deeds(r, exportedDeeds)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	attachment(w, "audit.csv")
	out := csv.NewWriter(w)
	_ = out.Write([]string{"recorded_at", "actor", "stream", "kind", "subject", "version", "tenant_id", "organizer_id", "reason"})
	for _, d := range b.Deeds {
		_ = out.Write([]string{
			d.At.UTC().Format(time.RFC3339Nano), rating.Cell(d.Actor), d.Stream, d.Kind, rating.Cell(d.Subject), strconv.FormatUint(uint64(d.Version), 10),
			rating.Cell(d.TenantID), rating.Cell(d.OrganizerID), rating.Cell(maskText(d.Reason)),
		})
	}
	out.Flush()
}

func itoa(n int) string { return strconv.Itoa(n) }
