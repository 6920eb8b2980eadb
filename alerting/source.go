package alerting

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
)

// SourceTrouble says that a source of usage needs a hand.
type SourceTrouble struct {
	Source, TenantID, Tenant string
	Kind                     string    // failing, unread, silent, vanishing
	Since                    time.Time // UTC; another moment is another trouble
	Says, Mend               string
}

func (t SourceTrouble) key() string {
	return fmt.Sprintf("source/%s/%s/%d", t.Source, t.Kind, t.Since.Unix())
}

// Sources tells of sources in trouble, each trouble once. It says how many this call told.
func (a *Alerter) Sources(ctx context.Context, all []SourceTrouble) (told int, err error) {
	notices := make([]keyed, len(all))
	for i, t := range all {
		notices[i] = keyed{t.key(), sourceTrouble(t, a.baseURL)}
	}
	if told, err = a.announceAll(ctx, a.channel, notices); err != nil {
		err = fmt.Errorf("tell of sources: %w", err)
	}
	return told, err
}

func sourceTrouble(t SourceTrouble, baseURL string) notice {
	word := map[string]string{"failing": "fails", "unread": "is not read", "silent": "is late", "vanishing": "loses records"}[t.Kind]
	n := notice{
		headline: fmt.Sprintf("Source %s %s · %s", clean(t.Source, maxName), word, clean(cmp.Or(t.Tenant, t.TenantID), maxTenant)),
		sentence: clean(t.Says, maxSentence),
		rows:     []row{{"What to do", clean(t.Mend, maxReason)}},
	}
	if baseURL != "" {
		n.link = strings.TrimRight(baseURL, "/") + "/ingest"
	}
	return n
}
