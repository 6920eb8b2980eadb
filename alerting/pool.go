package alerting

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
)

// PoolUse says that a tenant's minute pool was used up to a threshold.
type PoolUse struct {
	TenantID, Tenant string
	Month            string // YYYY-MM
	Pool             string // standard, select
	Threshold        int    // percent
	Used, Size       int64  // seconds
	CrossedAt        time.Time
}

func (p PoolUse) key() string {
	return fmt.Sprintf("pool/%s/%s/%s/%d/%d", p.TenantID, p.Month, p.Pool, p.Size, p.Threshold)
}

// Pools tells of pools that reached a threshold, each once for a month, a size and a
// threshold. It says how many this call told.
func (a *Alerter) Pools(ctx context.Context, all []PoolUse) (told int, err error) {
	notices := make([]keyed, len(all))
	for i, p := range all {
		notices[i] = keyed{p.key(), poolUse(p, a.baseURL)}
	}
	if told, err = a.announceAll(ctx, a.channel, notices); err != nil {
		err = fmt.Errorf("tell of pools: %w", err)
	}
	return told, err
}

func poolUse(p PoolUse, baseURL string) notice {
	name := "The pool"
	if p.Pool == "select" {
		name = "The free subscription's pool"
	}
	n := notice{
		headline: fmt.Sprintf("Pool %d %% used · %s · %s", p.Threshold, clean(cmp.Or(p.Tenant, p.TenantID), maxTenant), p.Month),
		sentence: fmt.Sprintf("%s reached %d %% at %s.", name, p.Threshold, p.CrossedAt.UTC().Format("2006-01-02 15:04 UTC")),
		rows: []row{
			{"Used", fmt.Sprintf("%s of %s", minutes(p.Used), minutes(p.Size))},
			{"Who drew most", "fairdial pools --month " + p.Month},
		},
	}
	if p.Threshold >= 100 {
		n.sentence += " What comes now is paid by Communications Credits, or by nobody."
	}
	if baseURL != "" {
		n.link = strings.TrimRight(baseURL, "/") + "/"
	}
	return n
}
