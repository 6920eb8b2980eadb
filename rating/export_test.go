package rating

import (
	"context"
	"time"
)

// everyConsumption is what each call cost credits, in the order in which the calls ended, from the rows themselves.
const everyConsumption = `
SELECT
    c.tenant_id AS tenant_id, c.currency AS currency, c.month AS month, c.started_at AS started_at,
    c.started_at + toIntervalSecond(c.seconds + p.seconds) AS ended_at, ifNull(c.amount, 0) AS amount, c.amount IS NULL AS unpriced
FROM ratings AS c
LEFT JOIN (SELECT tenant_id, usage_id, seconds FROM ratings WHERE part = 0 AND reason = 'pool_crossing') AS p
    ON p.tenant_id = c.tenant_id AND p.usage_id = c.usage_id AND c.part = 1
WHERE c.bucket = 'credits' AND c.tenant_id IN ({tenants:Array(String)}) AND ended_at < {at:DateTime64(7, 'UTC')}
ORDER BY ended_at, usage_id`

// CreditsCallByCall are the accounts of credits as Credits has them, each call followed in turn.
func (r *Rater) CreditsCallByCall(ctx context.Context, j CreditsLog, tenantID string, at time.Time) ([]CreditAccount, error) {
	return r.creditAccounts(ctx, j, tenantID, at, func(ctx context.Context, _ map[string]*credited, tenants []string, at time.Time, open func(accountKey) *ledger) error {
		var all []consumption
		if err := r.conn.Select(ctx, &all, everyConsumption, named("tenants", tenants), named("at", moment7(at))); err != nil {
			return err
		}
		for _, c := range all {
			open(accountKey{c.TenantID, c.Currency}).consume(c)
		}
		return nil
	})
}
