package rating

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Credits are the accounts of prepaid credits at a moment: by tenant and currency, of all
// that have a deposit, or calls that credits pay for, or are post-paid. No tenant means
// all; a zero moment means now. Currencies are accounts of their own and never added up.
func (r *Rater) Credits(ctx context.Context, j CreditsLog, tenantID string, at time.Time) ([]CreditAccount, error) {
	all, err := r.creditAccounts(ctx, j, tenantID, at)
	if err != nil {
		return nil, fmt.Errorf("prepaid credits: %w", err)
	}
	return all, nil
}

type accountKey struct{ tenant, currency string }

func (r *Rater) creditAccounts(ctx context.Context, j CreditsLog, tenantID string, at time.Time) ([]CreditAccount, error) {
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
	rows, err := r.conn.Query(ctx, statement("credits_consumed"), named("tenants", wanted), named("at", moment7(at)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c consumption
		if err := rows.ScanStruct(&c); err != nil {
			return nil, err
		}
		open(accountKey{c.TenantID, c.Currency}).consume(c)
	}
	if err := rows.Err(); err != nil {
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
