package alerting

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"fairdial/store/journal"
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
	if len(all) == 0 {
		return 0, nil
	}
	heads, err := a.journal.Heads(ctx, bulletinStream, journal.Filter{})
	if err != nil {
		return 0, fmt.Errorf("tell of pools: %w", err)
	}
	done := map[string]bool{}
	for _, e := range heads {
		var b bulletin
		if err := json.Unmarshal([]byte(e.Body), &b); err != nil {
			return 0, fmt.Errorf("tell of pools: %s cannot be read: %w", e.Subject, err)
		}
		done[e.Subject] = b.Done
	}
	for _, p := range all {
		if done[p.key()+"/"+a.channel] {
			continue
		}
		sent, err := a.announceOnce(ctx, p.key(), a.channel, poolUse(p, a.baseURL))
		if err != nil {
			return told, fmt.Errorf("tell of pools: %w", err)
		}
		if sent {
			told++
		}
	}
	return told, nil
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
