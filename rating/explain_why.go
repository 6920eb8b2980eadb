package rating

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// tell puts into words what was gathered.
func (x *explainer) tell() Explanation {
	c := x.record
	e := Explanation{
		UsageID: c.UsageID, TenantID: c.TenantID, OrganizerID: c.OrganizerID, OrganizerUPN: c.OrganizerUPN, Month: x.month.String(),
		Revision: c.Revision, CallType: c.CallType, StartedAt: c.StartedAt.UTC(), Seconds: c.Seconds, Rated: len(x.parts) > 0, Shown: x.shown,
		Destination: x.destination(), Held: x.held, Steps: []ExplainedStep{}, Parts: []ExplainedPart{},
		Source: ExplainedSource{c.Capability, c.Charge, c.ConnectionCharge, c.Currency},
	}
	switch {
	case e.Rated:
		e.Run = x.ran()
		for _, p := range x.parts {
			e.Parts = append(e.Parts, x.part(p))
		}
		e.Steps = []ExplainedStep{x.addon(), x.pool(), x.credits(), x.unfunded()}
	case !c.IsConfOut:
		e.WhyNot = fmt.Sprintf("only %s calls are rated; a call of type %q is kept and counted", usage.ConfOut, c.CallType)
	case x.shown != nil && x.shown.Frozen:
		e.WhyNot = fmt.Sprintf("the record is not in what %s was closed with; it is an adjustment of a later month, and `fairdial ratings explain --rated` tells what pays for it", x.month)
	case x.run.Sequence == 0:
		e.WhyNot = fmt.Sprintf("%s of this tenant has not been rated; run fairdial rate --month %s", x.month, x.month)
	default:
		e.WhyNot = fmt.Sprintf("the record arrived, or was corrected, after run %d of %s; run fairdial rate --month %s", x.run.Sequence, x.month, x.month)
	}
	if e.Held == nil {
		e.Held = []ExplainedLicence{}
	}
	e.Notes = append([]string{}, x.notes...)
	return e
}

func (x *explainer) destination() ExplainedDestination {
	c := x.record
	d := ExplainedDestination{Number: shortened(c.CalleeNumber), Country: c.Country, Class: c.Class, NPANXX: c.NPANXX, CountedAs: x.countedAs()}
	if x.termsKnown {
		d.Zone = "other"
		if covered(x.terms.Pool.Countries, x.terms.Pool.Never, d.CountedAs, c.Class) {
			d.Zone = "A"
		}
	}
	return d
}

// countedAs is the country that entitlements see, as rate.sql has it.
func (x *explainer) countedAs() string {
	c := x.record
	if c.Class == string(usage.ClassTollFree) && (c.Country == "US" || c.NPANXX != "") {
		if x.terms.TollFreeCountsAsUS {
			return "US"
		}
		return ""
	}
	return c.Country
}

func covered(countries []plan.Country, never []plan.Class, country, class string) bool {
	return slices.Contains(countries, plan.Country(country)) && !slices.Contains(never, plan.Class(class))
}

func (x *explainer) ran() *ExplainedRun {
	out := &ExplainedRun{
		RunID: x.run.RunID, Sequence: x.run.Sequence, FinishedAt: x.run.FinishedAt.UTC(), Actor: x.run.Actor, PlanVersion: x.run.PlanVersion,
		CreditsFunded: x.attempt.CreditsFunded, CreditsCurrency: x.attempt.CreditsCurrency,
		PoolSeconds: x.run.PoolSeconds, SelectSeconds: x.run.SelectPoolSeconds,
	}
	if x.termsKnown && !x.terms.From.IsZero() {
		out.PlanFrom = x.terms.From.Format(time.DateOnly)
	}
	return out
}

func (x *explainer) part(p partRow) ExplainedPart {
	out := ExplainedPart{Bucket: usage.Bucket(p.Bucket), Seconds: p.Seconds, Reason: p.Reason, Pool: p.Pool}
	if p.Pool != "" {
		before, after := p.PoolBefore, p.PoolAfter
		out.PoolBefore, out.PoolAfter = &before, &after
	}
	if p.Bucket == string(usage.BucketCredits) {
		out.Charge = &ExplainedCharge{
			BilledTenths: p.BilledTenths, IncrementTenths: x.terms.Credits.IncrementTenths, ConnectionCharge: p.ConnectionCharge,
			Amount: p.Amount, Currency: p.Currency, Rate: x.rate,
		}
		if x.rate != nil {
			out.Charge.PerMinute = &x.rate.PerMinute
		}
	}
	return out
}

// step is what a bucket paid.
func (x *explainer) step(b usage.Bucket) ExplainedStep {
	s := ExplainedStep{Bucket: b}
	for _, p := range x.parts {
		if p.Bucket == string(b) {
			s.Seconds += p.Seconds
			s.Paid = true
		}
	}
	return s
}

// atStart is the licence of an entitlement in force at call start.
func (x *explainer) atStart(e usage.Entitlement) *ExplainedLicence {
	for i := range x.held {
		if x.held[i].Entitlement == e && x.held[i].AtStart {
			return &x.held[i]
		}
	}
	return nil
}

// notHeld tells how near the organizer was to holding an entitlement, and by which
// interval.
func (x *explainer) notHeld(e usage.Entitlement) (string, *ExplainedLicence) {
	var before, after *ExplainedLicence
	for i := range x.held {
		l := &x.held[i]
		switch {
		case l.Entitlement != e || l.AtStart:
		case l.From.After(x.record.StartedAt):
			if after == nil || l.From.Before(after.From) {
				after = l
			}
		case before == nil || l.To != nil && before.To != nil && l.To.After(*before.To):
			before = l
		}
	}
	switch {
	case before != nil && before.To != nil:
		return "its licence ended at " + moment(*before.To) + ", before or at the call's start", before
	case after != nil:
		return "its licence began at " + moment(after.From) + ", after the call's start", after
	default:
		return "no licence for it at any time", nil
	}
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func during(l *ExplainedLicence) string {
	if l.To == nil {
		return "held since " + moment(l.From)
	}
	return fmt.Sprintf("held from %s to %s", moment(l.From), moment(*l.To))
}

// place names a destination.
func (x *explainer) place() string {
	country := x.countedAs()
	if country == "" {
		country = "no country"
	}
	return fmt.Sprintf("%s (%s)", country, or(x.record.Class, "class not known"))
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (x *explainer) addon() ExplainedStep {
	s := x.step(usage.BucketAddon)
	if !x.termsKnown {
		s.Why = "the rules of this plan version were not kept"
		return s
	}
	a := x.terms.Addon
	var with *ExplainedLicence
	for _, c := range a.Requires {
		if with == nil {
			with = x.atStart(usage.Entitlement(c))
		}
	}
	s.Licence = x.atStart(usage.EntitlementAddon)
	switch {
	case s.Paid && s.Licence != nil && with != nil:
		s.Why = fmt.Sprintf("%s is covered; the add-on was %s, and %s %s", x.place(), during(s.Licence), with.Entitlement, during(with))
	case s.Paid:
		s.Why = "the run says so"
	case !covered(a.Countries, a.Never, x.countedAs(), x.record.Class):
		s.Why, s.Licence = fmt.Sprintf("the add-on covers %s, not %s", countries(a.Countries), x.place()), nil
		if slices.Contains(a.Never, plan.Class(x.record.Class)) {
			s.Why = fmt.Sprintf("the add-on never covers numbers of class %s", x.record.Class)
		}
	case s.Licence == nil && len(x.terms.Identities.Addon.ServicePlans) == 0:
		s.Why = "no service plan of the add-on was known to the run; name it in licences.addon"
	case s.Licence == nil:
		var why string
		why, s.Licence = x.notHeld(usage.EntitlementAddon)
		s.Why = "the organizer did not hold the add-on at call start: " + why
	default:
		s.Why = "the add-on was held without any of the conferencing licences it requires: " + joined(a.Requires)
	}
	return s
}

func countries(list []plan.Country) string { return joined(list) }

func joined[S ~string](list []S) string { return strings.Join(words(list), ", ") }

func (x *explainer) pool() ExplainedStep {
	s := x.step(usage.BucketPool)
	first := x.parts[0]
	name := "the tenant's pool"
	if first.Pool == "select" {
		name = "the pool of the free subscription"
	}
	for _, e := range []usage.Entitlement{usage.EntitlementConferencing, usage.EntitlementSelect, usage.EntitlementPayPerMinute} {
		if s.Licence == nil {
			s.Licence = x.atStart(e)
		}
	}
	switch first.Reason {
	case "addon":
		s.Why, s.Licence = "the add-on paid for the whole call, and takes nothing from a pool", nil
	case "premium", "satellite":
		s.Why, s.Licence = fmt.Sprintf("no pool covers numbers of class %s", first.Reason), nil
	case "other":
		s.Why, s.Licence = fmt.Sprintf("%s is not in Zone A", x.place()), nil
	case "select":
		s.Why = fmt.Sprintf("the organizer's conferencing licence is the free one, whose pool covers %s, not %s", countries(x.terms.SelectPool.Countries), x.place())
	case "pay_per_minute":
		s.Why = "the organizer's only conferencing licence was pay-per-minute, which adds to no pool and draws on none"
	case "pool":
		if x.record.Seconds == 0 {
			s.Why = "the call has no seconds, so nothing is drawn"
			return s
		}
		s.Why = fmt.Sprintf("%s had %d s left and %d s after the call", name, first.PoolBefore, first.PoolAfter)
	case "pool_no_licence":
		s.Why = fmt.Sprintf("%s had %d s left and %d s after the call; the organizer held no conferencing licence at call start, which is an exception to look at",
			name, first.PoolBefore, first.PoolAfter)
	case "pool_crossing":
		s.Why = fmt.Sprintf("%s had %d s left, and ended within the call", name, first.PoolBefore)
	case "pool_exhausted":
		s.Why = fmt.Sprintf("%s of %d s was used up before the call began", name, x.size(first.Pool))
		if x.size(first.Pool) == 0 {
			s.Why = name + " has no minutes in this month: no licence adds to it"
		}
	default:
		s.Why = "the run says: " + first.Reason
	}
	return s
}

func (x *explainer) size(pool string) int64 {
	if pool == "select" {
		return x.run.SelectPoolSeconds
	}
	return x.run.PoolSeconds
}

func (x *explainer) credits() ExplainedStep {
	s := x.step(usage.BucketCredits)
	last := x.parts[len(x.parts)-1]
	for _, e := range []usage.Entitlement{usage.EntitlementCredits, usage.EntitlementPayPerMinute} {
		if s.Licence == nil {
			s.Licence = x.atStart(e)
		}
	}
	switch {
	case s.Paid && last.RatePrefix == "":
		s.Why = "credits are funded and the organizer may use them, but no rate is known for the number: import one with fairdial rates import"
	case s.Paid:
		s.Why = fmt.Sprintf("credits in %s are funded and the organizer may use them; charged by prefix %s for %d tenths of a minute",
			last.Currency, last.RatePrefix, last.BilledTenths)
	case last.Bucket == string(usage.BucketUnfunded):
		var whys []string
		if !x.attempt.CreditsFunded {
			whys = append(whys, "the tenant had not funded Communications Credits")
		}
		if last.UnfundedBecause == "no_credits_licence" {
			var why string
			why, s.Licence = x.notHeld(usage.EntitlementCredits)
			whys = append(whys, "the organizer may not use Communications Credits, being neither pay-per-minute nor holding their licence: "+why)
		}
		s.Why = strings.Join(whys, "; ")
	default:
		s.Why, s.Licence = "nothing was left to pay for", nil
	}
	return s
}

func (x *explainer) unfunded() ExplainedStep {
	s := x.step(usage.BucketUnfunded)
	s.Why = "something else paid for every second"
	if s.Paid {
		s.Why = "none of the entitlements paid for these seconds"
	}
	return s
}
