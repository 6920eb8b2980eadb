package detector

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/shopspring/decimal"

	"fairdial/cases"
	"fairdial/rules"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

func sqlText(name string) string {
	text, err := sqlFiles.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic(err) // a name that the tests would have missed
	}
	return string(text)
}

// hit is a row of a rule's SQL that reached a threshold.
type hit struct {
	tenantID, organizerID string
	at                    time.Time
	windowStart           time.Time
	windowEnd             time.Time
	value                 float64
	baseline              *float64
	severity              cases.Severity
	row                   []any // all columns, as scanned
	proof                 proof
}

// proof is the calls that prove a hit.
type proof struct {
	calls    int64
	seconds  int64
	amount   decimal.Decimal
	usageIDs []string
}

// most is how many usage ids a finding keeps.
const mostUsageIDs = 50

// columns are those of a rule's result: the names, and the engine's types.
type columns struct {
	names, types []string
}

// required are the columns that every rule's SQL gives.
var required = []string{"tenant_id", "organizer_id", "at", "window_start", "window_end", "value", "baseline"}

// find runs a rule over the views of a workspace.
func find(ctx context.Context, w *workspace, r rules.Rule, overrides map[string]any) (hits []hit, cols columns, err error) {
	fail := func(err error) ([]hit, columns, error) {
		return nil, columns{}, fmt.Errorf("rule %s: %w", r.Key(), err)
	}
	values, err := r.Values(overrides)
	if err != nil {
		return fail(err)
	}
	p := w.parameters().with(values)
	names := w.names()
	sql, q, drop, err := w.settleRule(ctx, r, p, values)
	if err != nil {
		return fail(err)
	}
	defer func() { err = errors.Join(err, drop()) }()
	query := over(names, strings.Replace(sqlText("hits"), "/* rule */", sql, 1))
	if r.When == "" {
		query += sqlText("thin")
	}
	if err := w.resolve(ctx, query, q); err != nil {
		return fail(err)
	}
	rows, err := w.conn.Query(q.on(ctx, confined), query)
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	scan := make([]any, len(rows.ColumnTypes()))
	for _, t := range rows.ColumnTypes() {
		cols.names, cols.types = append(cols.names, t.Name()), append(cols.types, t.DatabaseTypeName())
	}
	for _, name := range required {
		if !slices.Contains(cols.names, name) {
			return fail(fmt.Errorf("its SQL gives no column %s; it must give %s", name, strings.Join(required, ", ")))
		}
	}
	when, err := conditionOf(r, cols, rows.ColumnTypes())
	if err != nil {
		return nil, columns{}, err
	}
	for rows.Next() {
		for i, t := range rows.ColumnTypes() {
			scan[i] = reflect.New(t.ScanType()).Interface()
		}
		if err := rows.Scan(scan...); err != nil {
			return fail(err)
		}
		h := hit{row: make([]any, len(scan))}
		for i := range scan {
			h.row[i] = reflect.ValueOf(scan[i]).Elem().Interface()
		}
		if err := h.read(cols, r); err != nil {
			return fail(err)
		}
		if holds, err := when.holds(r, cols, h); err != nil {
			return nil, columns{}, err
		} else if !holds {
			continue
		}
		hits = append(hits, h)
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	if when != nil {
		hits = thin(r, hits)
	}
	if err := prove(ctx, w, r, p, cols, hits); err != nil {
		return fail(err)
	}
	return hits, cols, nil
}

func (h *hit) read(cols columns, r rules.Rule) error {
	var err error
	take := func(name string, into any) {
		v := reflect.ValueOf(h.row[slices.Index(cols.names, name)])
		if v.Kind() == reflect.Pointer && !v.IsNil() && reflect.TypeOf(into).Elem() != v.Type() {
			v = v.Elem()
		}
		t := reflect.ValueOf(into).Elem()
		switch {
		case v.Kind() == reflect.Pointer && v.IsNil():
			if t.Kind() != reflect.Pointer {
				err = cmp.Or(err, fmt.Errorf("its column %s is NULL", name))
			}
		case t.Kind() == reflect.Pointer && v.CanConvert(t.Type().Elem()):
			f := v.Convert(t.Type().Elem())
			p := reflect.New(t.Type().Elem())
			p.Elem().Set(f)
			t.Set(p)
		case v.CanConvert(t.Type()) && (t.Kind() != reflect.String || v.Kind() == reflect.String):
			t.Set(v.Convert(t.Type()))
		default:
			err = cmp.Or(err, fmt.Errorf("its column %s is of type %s", name, cols.types[slices.Index(cols.names, name)]))
		}
	}
	take("tenant_id", &h.tenantID)
	take("organizer_id", &h.organizerID)
	take("at", &h.at)
	take("window_start", &h.windowStart)
	take("window_end", &h.windowEnd)
	take("value", &h.value)
	take("baseline", &h.baseline)
	h.at, h.windowStart, h.windowEnd = h.at.UTC(), h.windowStart.UTC(), h.windowEnd.UTC()
	h.severity, _ = r.Severity(h.value)
	return err
}

// prove fetches the calls that prove the hits. The hits go to the engine as a table of
// their own, with all the columns that the rule gave.
func prove(ctx context.Context, w *workspace, r rules.Rule, p params, cols columns, hits []hit) error {
	if len(hits) == 0 {
		return nil
	}
	defs := []func(*ext.Table) error{ext.Column("hit", "UInt32")}
	for i, name := range cols.names {
		defs = append(defs, ext.Column(name, column.Type(cols.types[i])))
	}
	table, err := ext.NewTable("hits", defs...)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	for i, h := range hits {
		if err := table.Append(append([]any{uint32(i)}, h.row...)...); err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
	}
	query := over(w.names(), strings.Replace(sqlText("evidence"), "/* evidence */", r.Evidence, 1))
	rows, err := w.conn.Query(clickhouse.Context(p.on(ctx, confined), clickhouse.WithExternalTable(table)), query)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	defer rows.Close()
	largest := make([][]call, len(hits))
	for rows.Next() {
		var (
			n              uint32
			country, class string
			highCost       bool
			calls, seconds uint64
			some           [][]any
		)
		if err := rows.Scan(&n, &country, &class, &highCost, &calls, &seconds, &some); err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
		pr := &hits[n].proof
		pr.calls += int64(calls)
		pr.seconds += int64(seconds)
		pr.amount = pr.amount.Add(w.rates.cost(country, class, highCost, int64(seconds)))
		for _, c := range some {
			largest[n] = append(largest[n], call{-c[0].(int64), c[1].(string)})
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	for i := range hits {
		slices.SortFunc(largest[i], func(a, b call) int { return cmp.Or(cmp.Compare(b.seconds, a.seconds), strings.Compare(a.id, b.id)) })
		for _, c := range largest[i][:min(len(largest[i]), mostUsageIDs)] {
			hits[i].proof.usageIDs = append(hits[i].proof.usageIDs, c.id)
		}
	}
	return nil
}

type call struct {
	seconds int64
	id      string
}
