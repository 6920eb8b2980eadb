package scorecard

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Label says what an organizer is known to be.
type Label struct {
	TenantID, OrganizerID string
	Abuse                 bool
	Shape, Archetype      string
	// From and To are the first and the last abusive call (UTC), zero where not known.
	From, To time.Time
}

// Call names an abusive call.
type Call struct{ TenantID, UsageID string }

// ReadLabels reads a CSV file with a head. It needs the columns tenant_id, organizer_id and
// label (abuse or honest), and takes scenario, archetype, first_abusive_at and
// last_abusive_at where they are.
func ReadLabels(r io.Reader) ([]Label, error) {
	rows, err := readTable(r, "tenant_id", "organizer_id", "label")
	if err != nil {
		return nil, err
	}
	out := make([]Label, 0, len(rows))
	seen := map[[2]string]bool{}
	for i, row := range rows {
		l := Label{TenantID: row["tenant_id"], OrganizerID: row["organizer_id"], Shape: row["scenario"], Archetype: row["archetype"]}
		who := [2]string{l.TenantID, l.OrganizerID}
		if seen[who] {
			return nil, fmt.Errorf("row %d: organizer %s of tenant %s has a label already", i+2, l.OrganizerID, l.TenantID)
		}
		seen[who] = true
		switch row["label"] {
		case "abuse":
			l.Abuse = true
		case "honest":
		default:
			return nil, fmt.Errorf("row %d: label %q is neither abuse nor honest", i+2, row["label"])
		}
		for name, into := range map[string]*time.Time{"first_abusive_at": &l.From, "last_abusive_at": &l.To} {
			if row[name] == "" {
				continue
			}
			if *into, err = time.Parse(time.RFC3339, row[name]); err != nil {
				return nil, fmt.Errorf("row %d: %s: %w", i+2, name, err)
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// ReadCalls reads which calls are abusive: a CSV file with the columns tenant_id and usage_id.
func ReadCalls(r io.Reader) ([]Call, error) {
	rows, err := readTable(r, "tenant_id", "usage_id")
	if err != nil {
		return nil, err
	}
	out := make([]Call, 0, len(rows))
	for _, row := range rows {
		out = append(out, Call{row["tenant_id"], row["usage_id"]})
	}
	return out, nil
}

// readTable reads rows as maps from column to value.
func readTable(r io.Reader, need ...string) ([]map[string]string, error) {
	c := csv.NewReader(r)
	head, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; its first line names the columns")
	}
	if err != nil {
		return nil, err
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	for _, name := range need {
		if !slices.Contains(head, name) {
			return nil, fmt.Errorf("there is no column %s; the columns needed are %s", name, strings.Join(need, ", "))
		}
	}
	var out []map[string]string
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		m := make(map[string]string, len(row))
		for i, v := range row {
			m[head[i]] = v
		}
		out = append(out, m)
	}
}
