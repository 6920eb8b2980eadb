package detector

import (
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"fairdial/cases"
	"fairdial/rules"
)

// rowCondition is a rule's condition and the columns it is asked about.
type rowCondition struct {
	*rules.Condition
	empty map[string]any // a value of each column's type, for NULL
}

// conditionOf compiles a rule's condition for the columns that its SQL gives; nil where it has
// none. The error is a *rules.Error with the condition's place in the file.
func conditionOf(r rules.Rule, cols columns, types []driver.ColumnType) (*rowCondition, error) {
	empty := map[string]any{}
	for i, name := range cols.names {
		t := types[i].ScanType()
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		empty[name] = reflect.Zero(t).Interface()
	}
	c, err := r.Condition(empty)
	if err != nil {
		return nil, rules.Failed([]rules.Problem{r.Problem("when", err.Error(), err)})
	}
	if c == nil {
		return nil, nil //nolint:nilnil // most rules have none
	}
	return &rowCondition{c, empty}, nil
}

// holds says whether a row of a rule is a finding.
func (c *rowCondition) holds(r rules.Rule, cols columns, h hit) (bool, error) {
	if c == nil {
		return true, nil
	}
	row := rules.Row{}
	for i, name := range cols.names {
		v := reflect.ValueOf(h.row[i])
		switch {
		case v.Kind() == reflect.Pointer && v.IsNil():
			row[name] = c.empty[name]
		case v.Kind() == reflect.Pointer:
			row[name] = v.Elem().Interface()
		default:
			row[name] = h.row[i]
		}
		if t, ok := row[name].(time.Time); ok {
			row[name] = t.UTC()
		}
	}
	row["value"], row["threshold"], row["severity"] = h.value, r.Thresholds.Of(h.severity), string(h.severity)
	row["baseline"], row["has_baseline"] = 0.0, h.baseline != nil
	if h.baseline != nil {
		row["baseline"] = *h.baseline
	}
	ok, err := c.Holds(row)
	if err != nil {
		return false, rules.Failed([]rules.Problem{r.Problem("when", err.Error(), err)})
	}
	return ok, nil
}

// thin keeps the first row of each organizer, month, severity and band of growth, as
// thin.sql does. Rows come in the order of organizers and times.
func thin(r rules.Rule, hits []hit) []hit {
	type band struct {
		who
		month    string
		severity cases.Severity
		growth   float64
	}
	seen := map[band]bool{}
	return slices.DeleteFunc(hits, func(h hit) bool {
		b := band{
			who{h.tenantID, h.organizerID},
			h.windowEnd.Add(-time.Millisecond).Format("2006-01"), h.severity,
			math.Floor(math.Log(h.value/r.Thresholds.Warning)/math.Log(growth) + 1e-9),
		}
		again := seen[b]
		seen[b] = true
		return again
	})
}
