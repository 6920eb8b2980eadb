package detector

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"fairdial/cases"
)

// RecordMemo keeps how rules have done as long as neither cases nor findings have changed. Safe for
// concurrent use.
type RecordMemo struct {
	mu      sync.Mutex
	state   [sha256.Size]byte
	records map[string]Record
}

func (m *RecordMemo) get(state [sha256.Size]byte) (map[string]Record, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records, m.records != nil && m.state == state
}

func (m *RecordMemo) put(state [sha256.Size]byte, records map[string]Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state, m.records = state, records
}

// recordState differs as soon as a case or a finding has changed.
func (d *Detector) recordState(ctx context.Context, list []cases.Case) (state [sha256.Size]byte, err error) {
	var marks []struct {
		Mark string `ch:"mark"`
	}
	if err := d.o.Conn.Select(ctx, &marks, sqlText("firings_mark")); err != nil {
		return state, fmt.Errorf("read whether something was found: %w", err)
	}
	h := sha256.New()
	fmt.Fprintln(h, marks[0].Mark) // an aggregate without GROUP BY has one row
	for i := range list {
		fmt.Fprintln(h, list[i].ID, list[i].Version)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
