package alerting

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"fairdial/cases"
	"fairdial/enforcement"
)

// Daily tells what happened in the 24 hours up to a moment and what is open, once a day. It
// says whether this call told it.
func (a *Alerter) Daily(ctx context.Context, at time.Time) (bool, error) {
	events, err := a.cases.Changed(ctx, time.Time{})
	if err != nil {
		return false, fmt.Errorf("daily digest: %w", err)
	}
	states, err := a.enforcement.States(ctx)
	if err != nil {
		return false, fmt.Errorf("daily digest: %w", err)
	}
	health, err := a.Health(ctx)
	if err != nil {
		return false, fmt.Errorf("daily digest: %w", err)
	}
	told, err := a.announceOnce(ctx, "daily/"+day(at), a.channel, daily(events, states, health, at, a.baseURL))
	if err != nil {
		return false, fmt.Errorf("daily digest: %w", err)
	}
	return told, nil
}

func daily(events []cases.Event, states []enforcement.State, health Health, at time.Time, baseURL string) notice {
	since := at.Add(-24 * time.Hour)
	opened, closedAs, open := 0, map[string]int{}, map[string]int{}
	var gravest []cases.Case
	for _, e := range events {
		c := e.State
		if c.OpenedAt.After(since) {
			opened++
		}
		if c.Status == cases.StatusClosed {
			if len(c.Closings) > 0 && c.Closings[len(c.Closings)-1].After(since) {
				closedAs[strings.ReplaceAll(string(c.Outcome), "_", " ")]++
			}
			continue
		}
		open[string(cmp.Or(c.Severity, cases.SeverityWarning))]++
		gravest = append(gravest, c)
	}
	slices.SortFunc(gravest, func(x, y cases.Case) int { return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.ID, y.ID)) })
	n := notice{
		headline: "Daily digest · " + day(at),
		sentence: fmt.Sprintf("%s cases opened in the last 24 hours, %s are open.", number(float64(opened)), number(float64(len(gravest)))),
	}
	for _, c := range gravest[:min(len(gravest), digestGravest)] {
		who := clean(cmp.Or(c.OrganizerName, c.OrganizerUPN, c.OrganizerID), maxName)
		n.also = append(n.also, fmt.Sprintf("%s, %s (risk %d, %s, %s)", who, clean(cmp.Or(c.TenantName, c.TenantID), maxTenant), c.Score, c.Status, caseID(c.ID)))
	}
	force, waits := map[string]int{}, 0
	for _, s := range states {
		if level := s.InForce(at); level != enforcement.LevelObserve {
			force[string(level)]++
		}
		if s.Pending != nil && at.Before(s.Pending.Until) {
			waits++
		}
	}
	n.rows = []row{{"Open", counts(open)}, {"Closed", counts(closedAs)}, {"In force", counts(force)}, {"Wait for approval", fmt.Sprint(waits)}}
	if health.Dead+health.Failing > 0 {
		n.rows = append(n.rows, row{"Not delivered", fmt.Sprintf("%d given up, %d failing", health.Dead, health.Failing)})
	}
	if baseURL != "" {
		n.link = strings.TrimRight(baseURL, "/") + "/"
	}
	return n
}

// FinanceLine is where a tenant stands in a month, for the weekly summary.
type FinanceLine struct {
	Tenant                                        string
	AddonSeconds, CreditsSeconds, UnfundedSeconds int64
	PoolUsed, PoolSize                            int64                      // seconds
	Charges                                       map[string]decimal.Decimal // of credits, by currency
	UnpricedCalls                                 int64                      // of credits; no rate is known, so they are not in the charges
}

// maxLines is how many tenants the weekly summary names.
const maxLines = 10

// Weekly tells finance where the month stands, once a week; month is written YYYY-MM. It says
// whether this call told it.
func (a *Alerter) Weekly(ctx context.Context, at time.Time, month string, lines []FinanceLine) (bool, error) {
	year, week := at.UTC().ISOWeek()
	told, err := a.announceOnce(ctx, fmt.Sprintf("weekly/%d-W%02d", year, week), a.finance, weekly(month, lines))
	if err != nil {
		return false, fmt.Errorf("weekly summary: %w", err)
	}
	return told, nil
}

func weekly(month string, lines []FinanceLine) notice {
	var all FinanceLine
	charges := map[string]decimal.Decimal{}
	for _, l := range lines {
		all.AddonSeconds += l.AddonSeconds
		all.CreditsSeconds += l.CreditsSeconds
		all.UnfundedSeconds += l.UnfundedSeconds
		all.PoolUsed += l.PoolUsed
		all.PoolSize += l.PoolSize
		all.UnpricedCalls += l.UnpricedCalls
		for currency, amount := range l.Charges {
			charges[currency] = charges[currency].Add(amount)
		}
	}
	all.Charges = charges
	lines = slices.SortedFunc(slices.Values(lines), func(x, y FinanceLine) int {
		return cmp.Or(cmp.Compare(y.UnfundedSeconds, x.UnfundedSeconds), cmp.Compare(y.PoolUsed, x.PoolUsed), cmp.Compare(x.Tenant, y.Tenant))
	})
	n := notice{
		headline: "Weekly summary for finance · " + month,
		sentence: fmt.Sprintf("Where dial-out of %s stands over %s tenants, as rated so far. The statement is what counts: fairdial statement --month %s.",
			month, number(float64(len(lines))), month),
		rows: []row{
			{"Add-on", minutes(all.AddonSeconds)},
			{"Pool", fmt.Sprintf("%s of %s", minutes(all.PoolUsed), minutes(all.PoolSize))},
			{"Communications Credits", minutes(all.CreditsSeconds) + ", " + amounts(all.Charges, all.UnpricedCalls)},
			{"Nobody (unfunded)", minutes(all.UnfundedSeconds)},
		},
	}
	for _, l := range lines[:min(len(lines), maxLines)] {
		n.also = append(n.also, fmt.Sprintf("%s: pool %s of %s, credits %s, unfunded %s", clean(l.Tenant, maxTenant),
			minutes(l.PoolUsed), minutes(l.PoolSize), amounts(l.Charges, l.UnpricedCalls), minutes(l.UnfundedSeconds)))
	}
	if len(lines) > maxLines {
		n.also = append(n.also, fmt.Sprintf("and %d more tenants", len(lines)-maxLines))
	}
	return n
}

func amounts(by map[string]decimal.Decimal, unpriced int64) string {
	var parts []string
	for currency, amount := range by {
		parts = append(parts, amount.StringFixed(2)+" "+clean(currency, 10))
	}
	slices.Sort(parts)
	if unpriced > 0 {
		parts = append(parts, "calls without a rate: "+number(float64(unpriced)))
	}
	if len(parts) == 0 {
		return "no charge"
	}
	return strings.Join(parts, ", ")
}
