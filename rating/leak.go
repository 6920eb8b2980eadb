package rating

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/rules/rates"
	"fairdial/usage"
)

// Leak is what "unlimited" cost of a tenant-month: what the add-on absorbed, at the prices
// that rate sheets have for the same calls.
type Leak struct {
	TenantID   string `json:"tenant_id"`
	TenantName string `json:"tenant_name"`
	Month      string `json:"month"`
	// Currency of all amounts; empty where no rate sheet is known that could price them.
	Currency string     `json:"currency"`
	Note     string     `json:"note,omitempty"`
	Addon    AddonOffer `json:"addon"`
	// Absorbed is all of it: what is rated as add-on, and what the source says the add-on
	// paid for.
	Absorbed LeakPart `json:"absorbed"`
	// Questioned is the part of organizers who have an open case.
	Questioned LeakPart `json:"questioned"`
	// Ineligible is the part of calls whose organizers held no add-on, or not what it
	// requires, at call start, though the source says that the add-on paid.
	Ineligible LeakPart        `json:"ineligible"`
	Organizers []LeakOrganizer `json:"organizers"` // the most seconds first
	// Shown says of which run of a closed month this is; nil for an open one. Prices are then
	// of the rate sheets that were there when it was closed; open cases are those of today.
	Shown *Shown `json:"shown,omitempty"`
}

// LeakPart is calls, and what they would have cost.
type LeakPart struct {
	Calls   uint64 `json:"calls"`
	Seconds uint64 `json:"seconds"`
	// Amount is what is known of the price; nil where no rate is known for any of the calls.
	Amount          *decimal.Decimal `json:"amount"`
	UnpricedCalls   uint64           `json:"unpriced_calls"` // no rate is known; not in the amount
	UnpricedSeconds uint64           `json:"unpriced_seconds"`
}

func (p *LeakPart) add(o LeakPart) {
	p.Calls, p.Seconds, p.Amount = p.Calls+o.Calls, p.Seconds+o.Seconds, Plus(p.Amount, o.Amount)
	p.UnpricedCalls, p.UnpricedSeconds = p.UnpricedCalls+o.UnpricedCalls, p.UnpricedSeconds+o.UnpricedSeconds
}

// settled has the price of no calls: it is known.
func (p LeakPart) settled() LeakPart {
	if p.Calls == 0 {
		p.Amount = &decimal.Zero
	}
	return p
}

func (o LeakOrganizer) settled() LeakOrganizer {
	o.Absorbed, o.Ineligible = o.Absorbed.settled(), o.Ineligible.settled()
	return o
}

// LeakOrganizer is one organizer's part.
type LeakOrganizer struct {
	OrganizerID string   `json:"organizer_id"`
	UPN         string   `json:"upn,omitempty"`
	Name        string   `json:"name,omitempty"`
	Absorbed    LeakPart `json:"absorbed"`
	Ineligible  LeakPart `json:"ineligible"`
	Cases       []string `json:"cases"` // open ones
}

// OpenCase is a case that questions an organizer's use.
type OpenCase struct {
	CaseID, TenantID, OrganizerID string
}

// LeakRequest says of what. Without a currency it is the one of the tenant's credits, or
// that of the only rate sheets there are.
type LeakRequest struct {
	Month    usage.Month
	Tenants  []string // empty for all that are rated
	Currency string
	Cases    []OpenCase
}

type leakRow struct {
	OrganizerID               string           `ch:"organizer_id"`
	UPN                       string           `ch:"upn"`
	Name                      string           `ch:"name"`
	Calls                     uint64           `ch:"calls"`
	Seconds                   uint64           `ch:"seconds"`
	Amount                    *decimal.Decimal `ch:"amount"`
	UnpricedCalls             uint64           `ch:"unpriced_calls"`
	UnpricedSeconds           uint64           `ch:"unpriced_seconds"`
	IneligibleCalls           uint64           `ch:"ineligible_calls"`
	IneligibleSeconds         uint64           `ch:"ineligible_seconds"`
	IneligibleAmount          *decimal.Decimal `ch:"ineligible_amount"`
	IneligibleUnpricedCalls   uint64           `ch:"ineligible_unpriced_calls"`
	IneligibleUnpricedSeconds uint64           `ch:"ineligible_unpriced_seconds"`
}

// Leaks is what the add-on absorbed of a month, by tenant id.
func (r *Rater) Leaks(ctx context.Context, req LeakRequest) ([]Leak, error) {
	return r.leaks(ctx, req, r.leakRows)
}

// absorbed gives the rows of the statement of leaks for a run and the statement's arguments.
type absorbed func(ctx context.Context, c run, args []any) ([]leakRow, error)

func (r *Rater) leaks(ctx context.Context, req LeakRequest, read absorbed) ([]Leak, error) {
	statements, err := r.Statements(ctx, req.Month, req.Tenants)
	if err != nil {
		return nil, err
	}
	who, err := query[tenant](ctx, r.conn, "tenants", named("tenants", words(req.Tenants)))
	if err != nil {
		return nil, err
	}
	tenants := map[string]tenant{}
	for _, t := range who {
		tenants[t.ID] = t
	}
	sheets, err := rates.List(ctx, r.conn)
	if err != nil {
		return nil, err
	}
	runs, err := r.runs(ctx, req.Tenants, []usage.Month{req.Month})
	if err != nil {
		return nil, err
	}
	byTenant := map[string]shownRun{}
	for _, c := range runs {
		byTenant[c.TenantID] = c
	}
	out := make([]Leak, len(statements))
	for i, s := range statements {
		if out[i], err = r.leak(ctx, req, s, byTenant[s.TenantID], tenants[s.TenantID], sheets, read); err != nil {
			return nil, fmt.Errorf("leak of %s %s: %w", s.TenantID, req.Month, err)
		}
	}
	return out, nil
}

func (r *Rater) leak(ctx context.Context, req LeakRequest, s Statement, c shownRun, t tenant, sheets []rates.Stored, read absorbed) (Leak, error) {
	l := Leak{TenantID: s.TenantID, TenantName: s.TenantName, Month: s.Month, Addon: s.Addon, Organizers: []LeakOrganizer{}, Shown: c.shown}
	if c.shown != nil && c.shown.Frozen {
		attempts, err := query[attempt](ctx, r.conn, "explain_attempt", named("tenant", s.TenantID), named("month", firstDay(req.Month)), named("run", c.RunID.String()))
		if err != nil {
			return l, err
		}
		for _, a := range attempts {
			t.Country, t.CreditsCurrency = a.TenantCountry, a.CreditsCurrency
		}
		sheets = slices.DeleteFunc(slices.Clone(sheets), func(s rates.Stored) bool { return s.StoredAt.After(c.shown.ClosedAt) })
	}
	currency, note := pricedIn(req.Currency, t.CreditsCurrency, sheets)
	in := inputs{tenant: t, sheets: r.inForce(sheets, currency, req.Month)}
	lists := []string{}
	for _, id := range in.rateLists() {
		lists = append(lists, id.String())
	}
	if len(lists) == 0 {
		l.Note = "no rate sheet prices these calls; import one with `fairdial rates import`, or name its --currency"
		lists = append(lists, uuid.Nil.String()) // a list without ranges
	} else {
		l.Currency, l.Note = currency, note
	}
	since := []string{}
	for _, at := range in.rateListsFrom() {
		since = append(since, at.UTC().Format("2006-01-02 15:04:05.000"))
	}
	terms, err := r.termsAsRated(ctx, req.Month, c)
	if err != nil {
		return l, err
	}
	from, to := r.span(req.Month)
	rows, err := read(ctx, c.run, []any{
		named("tenant", s.TenantID), named("month", firstDay(req.Month)), named("run", s.runID.String()),
		named("from", instant(from)), named("to", instant(to)), named("billing_tenths", terms.Credits.IncrementTenths),
		named("rate_lists", lists), named("rate_lists_from", since), named("capabilities", upper(terms.Reconciliation.Capabilities.Addon)),
	})
	if err != nil {
		return l, err
	}
	for _, row := range rows {
		o := LeakOrganizer{
			OrganizerID: row.OrganizerID, UPN: row.UPN, Name: row.Name, Cases: []string{},
			Absorbed: LeakPart{row.Calls, row.Seconds, row.Amount, row.UnpricedCalls, row.UnpricedSeconds},
			Ineligible: LeakPart{
				row.IneligibleCalls, row.IneligibleSeconds, row.IneligibleAmount, row.IneligibleUnpricedCalls, row.IneligibleUnpricedSeconds,
			},
		}
		for _, c := range req.Cases {
			if c.TenantID == s.TenantID && c.OrganizerID == o.OrganizerID {
				o.Cases = append(o.Cases, c.CaseID)
			}
		}
		l.Absorbed.add(o.Absorbed)
		l.Ineligible.add(o.Ineligible)
		if len(o.Cases) > 0 {
			l.Questioned.add(o.Absorbed)
		}
		l.Organizers = append(l.Organizers, o.settled())
	}
	l.Absorbed, l.Questioned, l.Ineligible = l.Absorbed.settled(), l.Questioned.settled(), l.Ineligible.settled()
	return l, nil
}

// leakRows reads what is kept, or else works it out. It is made of a run, rate lists and revisions
// of usage, which do not change; the names are those of now.
func (r *Rater) leakRows(ctx context.Context, c run, args []any) ([]leakRow, error) {
	if c.Records > atOnce {
		kept, err := r.leaked(ctx, "kept_leak", append(slices.Clone(args), named("made_of", madeOf(statement("leak"), args))))
		if err != nil || len(kept) > 0 {
			// A row of nobody says that there is no more.
			return slices.DeleteFunc(kept, func(row leakRow) bool { return row.Calls == 0 }), err
		}
		if err := r.mustWait(c); err != nil {
			return nil, err
		}
	}
	return r.leaked(ctx, "leak", args)
}

func (r *Rater) leaked(ctx context.Context, from string, args []any) (rows []leakRow, err error) {
	if err = r.conn.Select(ctx, &rows, leakedAs(from)+statement("leak_named"), args...); err != nil {
		err = fmt.Errorf("%s: %w", from, err)
	}
	return rows, err
}

func leakedAs(name string) string { return "WITH leaked AS\n(\n" + statement(name) + ")\n" }

// keepLeak keeps what leakRows would work out.
func (r *Rater) keepLeak(ctx context.Context, _ run, args []any) ([]leakRow, error) {
	args = append(slices.Clone(args), r.work(madeOf(statement("leak"), args))...)
	kept, err := r.leaked(ctx, "kept_leak", args)
	if err == nil && len(kept) == 0 {
		err = r.conn.Exec(ctx, statement("insert_leak")+leakedAs("leak")+statement("leak_kept"), args...)
	}
	return nil, err
}

// pricedIn is the currency to price a tenant's calls in, empty where it is not clear, and
// what is to be said where it is not the tenant's own.
func pricedIn(asked, own string, sheets []rates.Stored) (currency, note string) {
	if asked != "" {
		if own != "" && own != asked {
			note = fmt.Sprintf("the prices are in %s, as asked for; the tenant's credits are in %s", asked, own)
		}
		return asked, note
	}
	known := []string{}
	for _, s := range sheets {
		if !slices.Contains(known, s.Currency) {
			known = append(known, s.Currency)
		}
	}
	switch {
	case slices.Contains(known, own):
		return own, ""
	case len(known) == 1 && own == "":
		return known[0], fmt.Sprintf("the prices are in %s, since there are rate sheets of no other currency; it is not known what the tenant's credits are in", known[0])
	case len(known) == 1:
		return known[0], fmt.Sprintf("the prices are in %s, since there are rate sheets of no other currency; the tenant's credits are in %s", known[0], own)
	default:
		return own, ""
	}
}

// WriteLeaksCSV writes a row an organizer. Amounts are exact.
func WriteLeaksCSV(w io.Writer, all []Leak) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{
		"month", "tenant_id", "organizer_id", "upn", "calls", "seconds", "amount", "currency", "unpriced_calls", "unpriced_seconds",
		"ineligible_calls", "ineligible_seconds", "ineligible_amount", "open_cases",
	})
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	for _, l := range all {
		for _, o := range l.Organizers {
			_ = out.Write([]string{
				l.Month, Cell(l.TenantID), Cell(o.OrganizerID), Cell(o.UPN), number(o.Absorbed.Calls), number(o.Absorbed.Seconds),
				exact(o.Absorbed.Amount), l.Currency, number(o.Absorbed.UnpricedCalls), number(o.Absorbed.UnpricedSeconds),
				number(o.Ineligible.Calls), number(o.Ineligible.Seconds), exact(o.Ineligible.Amount), strings.Join(o.Cases, " "),
			})
		}
	}
	out.Flush()
	return out.Error() // a csv.Writer keeps its first error
}
