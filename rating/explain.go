package rating

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// ErrNoRecord: there is no usage record with this id.
var ErrNoRecord = errors.New("no such usage record")

// ErrManyTenants: several tenants have a record with this id; ids are a tenant's own.
var ErrManyTenants = errors.New("more than one tenant has this usage id")

// Explanation tells what paid for a call and why, as its rating was made: from the rows
// of the run and the inputs that the run used, not from what they are now.
type Explanation struct {
	UsageID      string    `json:"usage_id"`
	TenantID     string    `json:"tenant_id"`
	OrganizerID  string    `json:"organizer_id"`
	OrganizerUPN string    `json:"organizer_upn,omitempty"`
	Month        string    `json:"month"` // in the plan's time zone
	Revision     uint16    `json:"revision"`
	CallType     string    `json:"call_type"`
	StartedAt    time.Time `json:"started_at"` // UTC
	Seconds      uint32    `json:"seconds"`
	Rated        bool      `json:"rated"`
	// Shown says of which run of a closed month this is; nil for an open one.
	Shown *Shown `json:"shown,omitempty"`
	// WhyNot says why the record has no rating.
	WhyNot string `json:"why_not,omitempty"`
	// Notes are what a reader should know before relying on this: a newer revision,
	// inputs that were not kept.
	Notes       []string             `json:"notes"`
	Destination ExplainedDestination `json:"destination"`
	Run         *ExplainedRun        `json:"run,omitempty"`
	// Held are the organizer's licences that the plan gives a meaning, as the run saw
	// them, whether in force at call start or not.
	Held []ExplainedLicence `json:"held"`
	// Steps go through the entitlements in the order of the waterfall.
	Steps []ExplainedStep `json:"steps"`
	// Parts are the seconds of the call, in order; a call that crosses the end of the
	// pool has two.
	Parts  []ExplainedPart `json:"parts"`
	Source ExplainedSource `json:"source"`
}

// ExplainedDestination is what the number dialled says.
type ExplainedDestination struct {
	Number  string `json:"number"`  // without its last four digits
	Country string `json:"country"` // ISO 3166-1 alpha-2
	Class   string `json:"class"`
	NPANXX  string `json:"npa_nxx,omitempty"`
	// CountedAs is the country that entitlements see: +1 toll-free numbers count as US
	// where the plan says so.
	CountedAs string `json:"counted_as"`
	// Zone is "A" where the pool covers the destination under the run's terms, "other"
	// where it does not, "" where those terms are not known.
	Zone string `json:"zone"`
}

// ExplainedRun is the rating run that the explanation is of.
type ExplainedRun struct {
	RunID           uuid.UUID `json:"run_id"`
	Sequence        uint32    `json:"sequence"`
	FinishedAt      time.Time `json:"finished_at"` // UTC
	Actor           string    `json:"actor"`
	PlanVersion     string    `json:"plan_version"`
	PlanFrom        string    `json:"plan_from,omitempty"` // the day that version came into force
	CreditsFunded   bool      `json:"credits_funded"`
	CreditsCurrency string    `json:"credits_currency"`
	PoolSeconds     int64     `json:"pool_seconds"`
	SelectSeconds   int64     `json:"select_pool_seconds"`
}

// ExplainedLicence is an interval in which the organizer held a service plan.
type ExplainedLicence struct {
	Entitlement   usage.Entitlement `json:"entitlement"`
	ServicePlanID string            `json:"service_plan_id"`
	From          time.Time         `json:"from"`         // UTC
	To            *time.Time        `json:"to,omitempty"` // UTC, exclusive; none while held
	AtStart       bool              `json:"at_start"`     // in force when the call began
}

// ExplainedStep is one entitlement of the waterfall and what it did.
type ExplainedStep struct {
	Bucket  usage.Bucket `json:"bucket"`
	Seconds uint32       `json:"seconds"` // paid; 0 for none
	Paid    bool         `json:"paid"`    // a call of no seconds is paid too
	Why     string       `json:"why"`
	// Licence is the interval that decided, where one did.
	Licence *ExplainedLicence `json:"licence,omitempty"`
}

// ExplainedPart is the seconds that one bucket paid for.
type ExplainedPart struct {
	Bucket     usage.Bucket     `json:"bucket"`
	Seconds    uint32           `json:"seconds"`
	Reason     string           `json:"reason"`
	Pool       string           `json:"pool,omitempty"`        // standard, select
	PoolBefore *int64           `json:"pool_before,omitempty"` // seconds, where the part drew on a pool
	PoolAfter  *int64           `json:"pool_after,omitempty"`
	Charge     *ExplainedCharge `json:"charge,omitempty"` // where credits paid
}

// ExplainedCharge is how an amount came about.
type ExplainedCharge struct {
	BilledTenths     uint32           `json:"billed_tenths"` // tenths of a minute, each begun increment counted
	IncrementTenths  int              `json:"increment_tenths,omitempty"`
	PerMinute        *decimal.Decimal `json:"per_minute"`        // nil where no rate is known
	ConnectionCharge decimal.Decimal  `json:"connection_charge"` // as charged to this part
	Amount           *decimal.Decimal `json:"amount"`
	Currency         string           `json:"currency"`
	Rate             *ExplainedRate   `json:"rate,omitempty"`
}

// ExplainedRate is the row of a rate sheet.
type ExplainedRate struct {
	SheetID          uuid.UUID       `ch:"sheet_id" json:"sheet_id"`
	File             string          `ch:"file" json:"file"`
	ValidFrom        time.Time       `ch:"valid_from" json:"valid_from"` // UTC
	Row              uint32          `ch:"row_number" json:"row"`
	Prefix           string          `ch:"prefix" json:"prefix"`
	Destination      string          `ch:"destination" json:"destination"`
	NumberType       string          `ch:"number_type" json:"number_type"`
	Originating      string          `ch:"originating_number_type" json:"originating_number_type"`
	Origin           string          `ch:"origin" json:"origin,omitempty"`
	PerMinute        decimal.Decimal `ch:"per_minute" json:"per_minute"`
	ConnectionCharge decimal.Decimal `ch:"connection_charge" json:"connection_charge"`
}

// ExplainedSource is what the source says of the call, to set beside it.
type ExplainedSource struct {
	Capability       string           `json:"capability"`
	Charge           *decimal.Decimal `json:"charge"`
	ConnectionCharge *decimal.Decimal `json:"connection_charge"`
	Currency         string           `json:"currency"`
}

type recordRow struct {
	TenantID         string           `ch:"tenant_id"`
	UsageID          string           `ch:"usage_id"`
	Revision         uint16           `ch:"revision"`
	OrganizerID      string           `ch:"organizer_id"`
	OrganizerUPN     string           `ch:"organizer_upn"`
	CallType         string           `ch:"call_type"`
	IsConfOut        bool             `ch:"is_conf_out"`
	CalleeNumber     string           `ch:"callee_number"`
	StartedAt        time.Time        `ch:"started_at"`
	Seconds          uint32           `ch:"seconds"`
	Country          string           `ch:"destination_country"`
	Class            string           `ch:"destination_class"`
	NPANXX           string           `ch:"npa_nxx"`
	Capability       string           `ch:"capability"`
	Charge           *decimal.Decimal `ch:"charge"`
	ConnectionCharge *decimal.Decimal `ch:"connection_charge"`
	Currency         string           `ch:"currency"`
}

type partRow struct {
	Revision         uint16           `ch:"revision"`
	Part             uint8            `ch:"part"`
	Bucket           string           `ch:"bucket"`
	Reason           string           `ch:"reason"`
	Conferencing     string           `ch:"conferencing"`
	Pool             string           `ch:"pool"`
	Seconds          uint32           `ch:"seconds"`
	PoolBefore       int64            `ch:"pool_before"`
	PoolAfter        int64            `ch:"pool_after"`
	BilledTenths     uint32           `ch:"billed_tenths"`
	ConnectionCharge decimal.Decimal  `ch:"connection_charge"`
	Amount           *decimal.Decimal `ch:"amount"`
	Currency         string           `ch:"currency"`
	RateSheet        uuid.UUID        `ch:"rate_sheet"`
	RatePrefix       string           `ch:"rate_prefix"`
	UnfundedBecause  string           `ch:"unfunded_because"`
}

// Explain tells what paid for a record and why. tenantID may be empty where only one
// tenant has the id.
func (r *Rater) Explain(ctx context.Context, tenantID, usageID string) (Explanation, error) {
	e, err := r.explain(ctx, tenantID, usageID)
	if err != nil {
		return Explanation{}, fmt.Errorf("explain usage record %q: %w", usageID, err)
	}
	return e, nil
}

func (r *Rater) explain(ctx context.Context, tenantID, usageID string) (Explanation, error) {
	revisions, err := query[recordRow](ctx, r.conn, "explain_record", named("tenant", tenantID), named("usage_id", usageID))
	if err != nil {
		return Explanation{}, err
	}
	if len(revisions) == 0 {
		where := "in any tenant"
		if tenantID != "" {
			where = "in tenant " + tenantID
		}
		return Explanation{}, fmt.Errorf("%w %s; a row that could not be read is in `fairdial quarantine list`", ErrNoRecord, where)
	}
	newest := revisions[0]
	if last := revisions[len(revisions)-1]; last.TenantID != newest.TenantID {
		return Explanation{}, fmt.Errorf("%w (%s, %s): say which with --tenant", ErrManyTenants, newest.TenantID, last.TenantID)
	}
	x := explainer{rater: r, record: newest, month: usage.MonthOf(newest.StartedAt, r.plan.Location())}
	found, err := x.find(ctx)
	if err != nil {
		return Explanation{}, err
	}
	if found {
		// What was rated is what is explained, also when it was corrected since.
		if i := slices.IndexFunc(revisions, func(v recordRow) bool { return v.Revision == x.parts[0].Revision }); i > 0 {
			x.record = revisions[i]
			if x.shown != nil && x.shown.Frozen {
				x.note("revision %d of the record is not the one that the month was closed with; what it changes is an adjustment of a later month", newest.Revision)
			} else {
				x.note("revision %d of the record has arrived since this rating; run fairdial rate --month %s", newest.Revision, x.month)
			}
		}
		if err := x.inputs(ctx); err != nil {
			return Explanation{}, err
		}
	}
	x.elsewhere(revisions)
	return x.tell(), nil
}

// elsewhere notes closed months that the record began in at another revision: what they were
// closed with stands, and is put right by adjustments.
func (x *explainer) elsewhere(revisions []recordRow) {
	told := map[usage.Month]bool{x.month: true}
	for _, v := range revisions {
		m := usage.MonthOf(v.StartedAt, x.rater.plan.Location())
		at, closed := x.rater.frozen[tenantMonth{v.TenantID, m}]
		if told[m] || !closed || !v.IsConfOut {
			continue
		}
		told[m] = true
		x.note("revision %d of the record began in %s, which %s closed at %s; what has changed of that month is an adjustment of a later one",
			v.Revision, m, at.Actor, at.At.UTC().Format("2006-01-02 15:04Z"))
	}
}

// explainer gathers what a call's rating was made from.
type explainer struct {
	rater  *Rater
	record recordRow
	month  usage.Month
	run    run
	shown  *Shown
	parts  []partRow

	attempt    attempt
	terms      plan.Terms
	termsKnown bool
	held       []ExplainedLicence
	rate       *ExplainedRate
	notes      []string
}

func (x *explainer) note(format string, args ...any) {
	x.notes = append(x.notes, fmt.Sprintf(format, args...))
}

// find looks for the record in the run that counts of its month.
func (x *explainer) find(ctx context.Context) (bool, error) {
	runs, err := x.rater.runs(ctx, []string{x.record.TenantID}, []usage.Month{x.month})
	if err != nil || len(runs) == 0 {
		return false, err
	}
	x.run, x.shown = runs[0].run, runs[0].shown
	x.parts, err = query[partRow](ctx, x.rater.conn, "explain_parts", named("tenant", x.record.TenantID),
		named("month", firstDay(x.month)), named("run", x.run.RunID.String()), named("usage_id", x.record.UsageID))
	return len(x.parts) > 0, err
}

// inputs reads what the run was made with.
func (x *explainer) inputs(ctx context.Context) error {
	r, tenant := x.rater, named("tenant", x.record.TenantID)
	attempts, err := query[attempt](ctx, r.conn, "explain_attempt", tenant, named("month", firstDay(x.month)), named("run", x.run.RunID.String()))
	if err != nil {
		return err
	}
	if len(attempts) == 0 {
		return fmt.Errorf("run %s has no record of what it was begun with; run fairdial rate --force --month %s", x.run.RunID, x.month)
	}
	x.attempt = attempts[0]
	if x.terms, x.termsKnown, err = r.termsOf(ctx, x.run.PlanVersion); err != nil {
		return err
	}
	if !x.termsKnown {
		// Rated before terms were kept. If the plan is still the same, its id says so.
		all, err := r.terms(ctx, []tenantMonth{{x.record.TenantID, x.month}})
		if err != nil {
			return err
		}
		x.terms = all[x.month]
		x.termsKnown = x.terms.ID == x.run.PlanVersion
	}
	if !x.termsKnown {
		x.note("plan version %s was not kept, and the plan is another one now: the reasons are the run's own, without the rules behind them", x.run.PlanVersion)
		return nil
	}
	if err := x.licences(ctx); err != nil {
		return err
	}
	return x.rated(ctx)
}

func (x *explainer) licences(ctx context.Context) error {
	gives := map[string]usage.Entitlement{}
	ids := x.terms.Identities
	for entitlement, id := range map[usage.Entitlement]plan.Identity{
		usage.EntitlementConferencing: ids.Conferencing, usage.EntitlementPayPerMinute: ids.PayPerMinute,
		usage.EntitlementSelect: ids.Select, usage.EntitlementAddon: ids.Addon, usage.EntitlementCredits: ids.Credits,
	} {
		for _, p := range id.ServicePlans {
			gives[string(p)] = entitlement
		}
	}
	plans := make([]string, 0, len(gives))
	for p := range gives {
		plans = append(plans, p)
	}
	slices.Sort(plans)
	rows, err := query[struct {
		ServicePlanID string    `ch:"service_plan_id"`
		From          time.Time `ch:"held_from"`
		To            time.Time `ch:"held_to"`
	}](ctx, x.rater.conn, "explain_licences", named("tenant", x.record.TenantID), named("organizer", x.record.OrganizerID),
		named("plans", plans), named("version", x.run.LicencesVersion))
	if err != nil {
		return err
	}
	for _, l := range rows {
		held := ExplainedLicence{
			Entitlement: gives[l.ServicePlanID], ServicePlanID: l.ServicePlanID, From: l.From.UTC(),
			AtStart: !l.From.After(x.record.StartedAt) && x.record.StartedAt.Before(l.To),
		}
		if to := l.To.UTC(); to.Before(stillHeld) {
			held.To = &to
		}
		x.held = append(x.held, held)
	}
	return nil
}

// stillHeld is how the store ends a licence that has no end.
var stillHeld = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// rated finds the rate sheet's row that the call was charged by.
func (x *explainer) rated(ctx context.Context) error {
	i := slices.IndexFunc(x.parts, func(p partRow) bool { return p.RatePrefix != "" })
	if i < 0 {
		return nil
	}
	lists := make([]string, len(x.attempt.RateLists))
	for i, id := range x.attempt.RateLists {
		lists[i] = id.String()
	}
	rows, err := query[ExplainedRate](ctx, x.rater.conn, "explain_rate", named("lists", lists),
		named("sheet", x.parts[i].RateSheet.String()), named("prefix", x.parts[i].RatePrefix),
		named("premium", x.record.Class == string(usage.ClassPremium)), named("country", x.attempt.TenantCountry))
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		x.rate = &rows[0]
		x.rate.ValidFrom = x.rate.ValidFrom.UTC()
	}
	return nil
}

// shortened leaves out the last four digits of a number.
func shortened(number string) string {
	digits := []rune(number)
	for i, hidden := len(digits)-1, 0; i >= 0 && hidden < 4; i-- {
		if digits[i] != '+' {
			digits[i] = '*'
			hidden++
		}
	}
	return strings.TrimSpace(string(digits))
}
