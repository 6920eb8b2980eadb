package rating

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Credits are the accounts of prepaid credits at a moment: by tenant and currency, of all
// that have a deposit, or calls that credits pay for, or are post-paid. No tenant means
// all; a zero moment means now. Currencies are accounts of their own and never added up.
func (r *Rater) Credits(ctx context.Context, j CreditsLog, tenantID string, at time.Time) ([]CreditAccount, error) {
	all, err := r.creditAccounts(ctx, j, tenantID, at, r.spendCredits)
	if err != nil {
		return nil, fmt.Errorf("prepaid credits: %w", err)
	}
	return all, nil
}

type accountKey struct{ tenant, currency string }

// spender lets all calls of tenants that had ended by a moment be paid for from what is booked.
type spender func(ctx context.Context, booked map[string]*credited, tenants []string, at time.Time, open func(accountKey) *ledger) error

func (r *Rater) creditAccounts(ctx context.Context, j CreditsLog, tenantID string, at time.Time, spend spender) ([]CreditAccount, error) {
	if at.IsZero() {
		at = r.now()
	}
	wanted := []string{}
	if tenantID != "" {
		wanted = append(wanted, tenantID)
	}
	known, err := query[tenant](ctx, r.conn, "tenants", named("tenants", wanted))
	if err != nil {
		return nil, err
	}
	byID := map[string]tenant{}
	for _, t := range known {
		byID[t.ID] = t
	}
	booked, err := readCredits(ctx, j, tenantID)
	if err != nil {
		return nil, err
	}
	of := func(tenant string) *credited {
		if booked[tenant] == nil {
			booked[tenant] = &credited{}
		}
		return booked[tenant]
	}
	ledgers := map[accountKey]*ledger{}
	open := func(k accountKey) *ledger {
		if ledgers[k] == nil {
			ledgers[k] = newLedger(of(k.tenant), k.currency, r.plan.Location())
		}
		return ledgers[k]
	}
	for tenant, c := range booked {
		for _, d := range c.deposits {
			open(accountKey{tenant, d.Currency})
		}
		if currency := byID[tenant].CreditsCurrency; len(c.billing) > 0 && currency != "" {
			open(accountKey{tenant, currency})
		}
	}
	if err := spend(ctx, booked, wanted, at, open); err != nil {
		return nil, err
	}
	out := make([]CreditAccount, 0, len(ledgers))
	for k, l := range ledgers {
		a := l.account(at)
		a.TenantID, a.TenantName, a.Currency, a.Funded = k.tenant, byID[k.tenant].Name, k.currency, byID[k.tenant].CreditsFunded
		a.notes(byID[k.tenant])
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b CreditAccount) int {
		return firstOf(strings.Compare(a.TenantID, b.TenantID), strings.Compare(a.Currency, b.Currency))
	})
	return out, nil
}

// spendCredits follows accounts by days, and by hours on the days on which something turns.
func (r *Rater) spendCredits(ctx context.Context, booked map[string]*credited, tenants []string, at time.Time, open func(accountKey) *ledger) error {
	hourly := map[string]bool{}
	turn := func(x time.Time) {
		if !x.After(at) && x.Year() > 1970 && x.Year() < 2149 { // what the store can hold as a day
			hourly[x.UTC().Format(time.DateOnly)] = true
		}
	}
	turn(at)
	for _, c := range booked {
		moments, billings := c.turns()
		for _, x := range append(moments, billings...) {
			turn(x)
		}
	}
	sums := func(tenants []string, hourly []string, from, to time.Time) ([]spending, error) {
		return query[spending](ctx, r.conn, "credits_sums", named("tenants", tenants), named("hourly", hourly), named("from", moment7(from)), named("to", moment7(to)))
	}
	// Hours that began before the moment: the same for all of its hour.
	until := at.Truncate(time.Hour)
	if until.Before(at) {
		until = until.Add(time.Hour)
	}
	rows, err := sums(tenants, slices.Sorted(maps.Keys(hourly)), time.Unix(0, 0), until)
	if err != nil {
		return err
	}
	accounts, keys := map[accountKey][]stretch{}, []accountKey{}
	for len(rows) > 0 {
		k := accountKey{rows[0].TenantID, rows[0].Currency}
		n := slices.IndexFunc(rows, func(x spending) bool { return accountKey{x.TenantID, x.Currency} != k })
		if n < 0 {
			n = len(rows)
		}
		accounts[k], keys = stretches(rows[:n]), append(keys, k)
		rows = rows[n:]
	}
	begun, err := r.begunHour(ctx, accounts, at)
	if err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(accountsAtOnce)
	for _, k := range keys {
		w := walk{ledger: open(k), at: at, ready: map[time.Time][]consumption{}}
		if begun != nil {
			w.ready[at.UTC().Truncate(time.Hour)] = begun[k]
		}
		w.hours = func(_ context.Context, day stretch) ([]stretch, error) {
			found, err := sums([]string{k.tenant}, []string{day.begins.UTC().Format(time.DateOnly)}, day.begins, day.ends)
			found = slices.DeleteFunc(found, func(x spending) bool { return x.Currency != k.currency })
			return stretches(found), err
		}
		w.calls = func(ctx context.Context, hours []stretch) ([]consumption, error) {
			found, err := r.creditCalls(ctx, []string{k.tenant}, hours, at)
			return found[k], err
		}
		work.Go(func() error { return w.through(ctx, accounts[k]) })
	}
	return work.Wait()
}

// accountsAtOnce is how many accounts are followed side by side.
const accountsAtOnce = 4

// begunHour are the calls of the hour within which the moment lies, which are wanted of every
// account: read at once, for to ask costs more than to read. Nil if the moment ends an hour.
func (r *Rater) begunHour(ctx context.Context, accounts map[accountKey][]stretch, at time.Time) (map[accountKey][]consumption, error) {
	var tenants []string
	var hours []stretch
	for k, all := range accounts {
		if last := all[len(all)-1]; last.begins.Before(at) && last.ends.After(at) {
			tenants, hours = append(tenants, k.tenant), append(hours, last)
		}
	}
	if len(tenants) == 0 {
		return nil, nil
	}
	return r.creditCalls(ctx, tenants, hours, at)
}

// creditCalls are the calls of tenants' accounts that ended in some hours.
func (r *Rater) creditCalls(ctx context.Context, tenants []string, hours []stretch, at time.Time) (map[accountKey][]consumption, error) {
	var ended, began []string
	for _, h := range hours {
		ended = append(ended, instant(h.begins))
		for x := h.first.Truncate(time.Hour); !x.After(h.last); x = x.Add(time.Hour) {
			began = append(began, instant(x))
		}
	}
	each := func(all []string) []string { slices.Sort(all); return slices.Compact(all) }
	found, err := query[consumption](ctx, r.conn, "credits_consumed", named("tenants", each(tenants)),
		named("hours", each(ended)), named("starts", each(began)), named("at", moment7(at)))
	if err != nil {
		return nil, err
	}
	out := map[accountKey][]consumption{}
	for _, c := range found {
		k := accountKey{c.TenantID, c.Currency}
		out[k] = append(out[k], c)
	}
	return out, nil
}

// notes are where the account and the tenant's record, which rating goes by, do not fit.
func (a *CreditAccount) notes(t tenant) {
	add := func(format string, args ...any) { a.Notes = append(a.Notes, fmt.Sprintf(format, args...)) }
	if a.State == CreditsFunded && !t.CreditsFunded {
		add("the tenant's record says that credits are not funded, so no call is rated to them: tenants import")
	}
	if (a.State == CreditsExhausted || a.State == CreditsOverdrawn) && t.CreditsFunded {
		add("the tenant's record says that credits are funded, so calls go on being rated to them")
	}
	if t.CreditsCurrency != "" && t.CreditsCurrency != a.Currency {
		add("the tenant's credits are in %s now; this account is in %s", t.CreditsCurrency, a.Currency)
	}
	for _, m := range a.Months {
		if m.UnpricedCalls > 0 {
			add("%s: %s without a rate, not in the balance", m.Month, plural(m.UnpricedCalls, "call"))
		}
	}
	if a.Uncovered.IsPositive() {
		add("calls for %s %s began when nothing was left: a deposit is missing here, or the provider rated them otherwise", a.Uncovered, a.Currency)
	}
}
