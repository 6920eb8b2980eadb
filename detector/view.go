package detector

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

//go:embed features/*.sql
var featureFiles embed.FS

// view is a feature view: a file of SQL over other views, made into a working table once
// a chunk, so that the rules share its cost.
type view struct {
	name  string
	order string // of the working table
	over  []string
	// internal views are not for rules.
	internal bool
	// whole views are of all tenants, whatever the chunk is; they are made once a pass.
	whole bool
	// kept views are of all organizers of a tenant and change slowly: a pass over new records
	// takes them from the newest pass over all.
	kept bool
	// joint views set organizers beside each other by what they did: they are for passes over
	// all organizers.
	joint bool
	// Of a settled view, what its WITH names and it reads more than once is made into a table first.
	settled bool
	// A filled view is made without SQL.
	fill func(*workspace, context.Context, string) error
}

// views are all feature views, each after those it is over.
var views = []view{
	{name: "base", order: "tenant_id, organizer_id, ended_at", internal: true},
	{name: "marks", order: "row_key", over: []string{"base"}, internal: true},
	{name: "zones", internal: true, fill: (*workspace).fillZones},
	{name: "homes", order: "tenant_id, organizer_id", over: []string{"base"}, internal: true},
	{name: "calls", order: "tenant_id, organizer_id, ended_at", over: []string{"base", "marks", "zones", "homes"}},
	{name: "watched", order: "tenant_id, organizer_id", over: []string{"calls"}},
	{name: "organizer_days", order: "tenant_id, organizer_id, day, at", over: []string{"calls", "watched"}},
	{name: "peers", order: "tenant_id, day", over: []string{"calls"}, kept: true},
	{name: "baselines", order: "tenant_id, organizer_id, day", over: []string{"calls", "watched"}},
	{name: "places", order: "tenant_id, country", over: []string{"calls"}, internal: true, kept: true},
	{name: "strange_calls", order: "tenant_id, organizer_id, ended_at", over: []string{"calls", "baselines", "places"}},
	{name: "ties", order: "tenant_id, organizer_id, other, at", over: []string{"calls"}, joint: true, settled: true},
	{name: "contacts", order: "number, first_ended", whole: true, joint: true, settled: true},
	{name: "new_people", order: "tenant_id, organizer_id, at", over: []string{"calls"}},
	{name: "overlaps", order: "tenant_id, organizer_id, day, at", over: []string{"calls"}},
	{name: "hours", order: "tenant_id, organizer_id, hour", over: []string{"calls"}, internal: true},
	{name: "organizer_hours", order: "tenant_id, organizer_id, hour", over: []string{"hours", "zones", "homes"}},
}

func (v view) sql() string {
	text, err := featureFiles.ReadFile("features/" + v.name + ".sql")
	if err != nil {
		panic(err) // a name that the tests would have missed
	}
	return string(text)
}

// readsWhole says whether any of the views is of all tenants.
func readsWhole(names []string) bool {
	return slices.ContainsFunc(needed(names), func(v view) bool { return v.whole })
}

// Views are the names of the published feature views: what a rule's SQL may read.
func Views() []string {
	var out []string
	for _, v := range views {
		if !v.internal {
			out = append(out, v.name)
		}
	}
	return out
}

// needed is the views that must be made for those named to be there, in the order in
// which they are made.
func needed(names []string) []view {
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	for _, v := range slices.Backward(views) {
		if want[v.name] {
			for _, o := range v.over {
				want[o] = true
			}
		}
	}
	var out []view
	for _, v := range views {
		if want[v.name] {
			out = append(out, v)
		}
	}
	return out
}

// over puts views in front of a SELECT under their plain names. Each name is that of a
// working table, which comes as the parameter view_NAME.
func over(names []string, query string) string {
	if len(names) == 0 {
		return query
	}
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = fmt.Sprintf("%s AS (SELECT * FROM {view_%s:Identifier})", n, n)
	}
	return "WITH " + strings.Join(parts, ", ") + "\n" + query
}

// workspace is the working tables of one chunk of one pass. Views of all tenants are made
// in the pass's own workspace, and only seen from those of its chunks.
type workspace struct {
	pass   *workspace
	conn   Conn
	prefix string
	params params
	rates  Rates
	now    func() time.Time
	log    *slog.Logger
	made   map[string]string // working table by view
	making sync.Mutex        // over made, while views are made
	tick   func()            // told of each view made; may be nil
	// about is the working table of the organizers that the pass judges; empty for all.
	about string
	// steps are the subqueries of rules that became tables of the pass, count how many did, and
	// resolved the texts that are known to read feature views only.
	steps    map[string]string
	settling sync.Mutex
	count    atomic.Int64
	resolved sync.Map
	// stored says that the hours of organizers in the store are up to date.
	stored bool
}

// workPrefix begins the names of all working tables.
const workPrefix = "detector_work_"

func (d *Detector) workspace(p params) *workspace {
	id := strings.ReplaceAll(d.o.NewID().String(), "-", "")
	return &workspace{
		conn: d.o.Conn, prefix: workPrefix + id + "_", params: p, rates: d.o.Rates, now: d.o.Now, log: d.o.Logger,
		made: map[string]string{}, steps: map[string]string{},
	}
}

// make makes the views named and those they are over; side by side where none is over the other.
func (w *workspace) make(ctx context.Context, names []string) error {
	group, ctx := errgroup.WithContext(ctx)
	turns := newBeside()
	ready := map[string]chan struct{}{}
	for _, v := range needed(names) {
		if w.table(v.name) != "" {
			continue
		}
		var after []chan struct{}
		for _, o := range v.over {
			if c, making := ready[o]; making {
				after = append(after, c)
			}
		}
		done := make(chan struct{})
		ready[v.name] = done
		group.Go(func() error {
			for _, c := range after {
				select {
				case <-c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if err := turns.run(ctx, func() error { return w.makeOne(ctx, v) }); err != nil {
				return err
			}
			close(done)
			return nil
		})
	}
	return group.Wait()
}

// table is the working table of a view.
func (w *workspace) table(view string) string {
	w.making.Lock()
	defer w.making.Unlock()
	return w.made[view]
}

// keep notes the working table of a view.
func (w *workspace) keep(view, table string) {
	w.making.Lock()
	defer w.making.Unlock()
	w.made[view] = table
}

func (w *workspace) makeOne(ctx context.Context, v view) (err error) {
	if v.whole && w.pass != nil {
		if err := w.pass.make(ctx, []string{v.name}); err != nil {
			return err
		}
		w.keep(v.name, w.pass.table(v.name))
		return nil
	}
	began := w.now()
	table := w.prefix + v.name
	if v.fill != nil {
		if err := v.fill(w, ctx, table); err != nil {
			return errors.Join(err, w.drop(ctx, []string{table}))
		}
		w.told()
		return nil
	}
	p := w.params.and("table", table)
	for _, o := range v.over {
		p = p.and("view_"+o, w.table(o))
	}
	text, from := v.sql(), v.over
	switch {
	case w.stored && v.name == "hours":
		text, from = sqlText("hours_kept"), nil
		if w.about != "" {
			text += "  AND (tenant_id, organizer_id) IN (SELECT tenant_id, organizer_id FROM {about:Identifier})\n"
		}
	case w.about != "" && v.kept:
		text, from = sqlText("kept_"+v.name), nil
	case w.about != "": // of the views of a chunk, base alone reads records
		text = strings.Replace(text, "FROM {usage:Identifier}", "FROM (\n"+sqlText("records")+")", 1)
	case v.settled:
		var drop func() error
		if text, p, drop, err = w.settleView(ctx, v, p); err != nil {
			return fmt.Errorf("make the feature view %s: %w", v.name, err)
		}
		defer func() { err = errors.Join(err, drop()) }()
	}
	// The order is a constant of this file; it cannot be a parameter.
	create := "CREATE TABLE {table:Identifier} ENGINE = MergeTree ORDER BY (" + v.order + ") AS\n" + over(from, "SELECT * FROM (\n"+text+"\n)")
	if err := w.conn.Exec(p.on(ctx, heavy), create); err != nil {
		return errors.Join(fmt.Errorf("make the feature view %s: %w", v.name, err), w.drop(ctx, []string{table}))
	}
	w.keep(v.name, table)
	w.told()
	w.log.DebugContext(ctx, "feature view", "name", v.name, "took", w.now().Sub(began))
	return nil
}

// told says that a view has been made.
func (w *workspace) told() {
	w.making.Lock()
	defer w.making.Unlock()
	if w.tick != nil {
		w.tick()
	}
}

// names is the published views that have been made.
func (w *workspace) names() []string {
	var out []string
	for _, v := range views {
		if _, there := w.made[v.name]; there && !v.internal {
			out = append(out, v.name)
		}
	}
	return out
}

// parameters is those of the pass, and the working tables under their views' names.
func (w *workspace) parameters() params {
	p := w.params
	for name, table := range w.made {
		p = p.and("view_"+name, table)
	}
	return p
}

// close drops the working tables, also when ctx has ended.
func (w *workspace) close(ctx context.Context) error {
	var own []string
	for name, table := range w.made {
		if w.pass == nil || w.pass.made[name] != table {
			own = append(own, table)
		}
	}
	err := w.drop(ctx, slices.AppendSeq(own, maps.Values(w.steps)))
	clear(w.made)
	clear(w.steps)
	return err
}

func (w *workspace) drop(ctx context.Context, tables []string) error {
	ctx = context.WithoutCancel(ctx)
	for _, table := range tables {
		if err := w.conn.Exec(params{"table": table}.on(ctx, nil), "DROP TABLE IF EXISTS {table:Identifier} SYNC"); err != nil {
			return fmt.Errorf("drop the working table %s: %w", table, err)
		}
	}
	return nil
}
