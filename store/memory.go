package store

import (
	"container/list"
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sync/singleflight"
)

// Sizes of what is kept of answers, in bytes.
const (
	memoryKept     = 64 << 20 // unless Options say otherwise
	answersAtLeast = 8        // are kept at once: a larger one is not
	entryItself    = 200
)

// memory is a connection that keeps what was read while the tables it was read of are as they
// were. What they consist of is asked first: so what is kept under a state is of that state or of a
// newer one, and no state comes back once it has gone. It takes part in a Reading alone.
type memory struct {
	driver.Conn
	size int // of all that is kept, at the most

	learn  sync.Mutex
	tables map[string][]string // what a name stands for: a table itself, a view those it reads; nil until known
	reads  map[string][]string // by statement

	asking singleflight.Group

	mu      sync.Mutex
	kept    map[answerKey]*list.Element // of answer
	order   list.List                   // the one asked for last is first
	holding int
}

func remembering(conn driver.Conn, opts Options) driver.Conn {
	switch {
	case opts.Memory < 0:
		return conn
	case opts.Memory == 0:
		opts.Memory = memoryKept
	}
	return &memory{Conn: conn, size: opts.Memory}
}

type answerKey struct {
	of  reflect.Type
	sum [sha256.Size]byte // of the statement and its parameters
}

type answer struct {
	key   answerKey
	state string
	rows  reflect.Value
	size  int
}

// reading is what is known of the store's state for as long as a request is answered.
type reading struct {
	mu     sync.Mutex
	asked  bool
	failed error
	states map[string]string // by table
}

type readingKey struct{}

// Reading is a context for answering one request that changes nothing. What is read in it may be
// what was read before, if that is of the store as it is when the first of it is read, or newer.
func Reading(ctx context.Context) context.Context {
	return context.WithValue(ctx, readingKey{}, &reading{})
}

// Select reads rows, or gives those it read before where they are still the same.
func (m *memory) Select(ctx context.Context, dest any, query string, args ...any) error {
	r, in := ctx.Value(readingKey{}).(*reading)
	if !in || !plain(ctx) {
		return m.Conn.Select(ctx, dest, query, args...)
	}
	into := reflect.Indirect(reflect.ValueOf(dest))
	if !into.CanSet() || into.Kind() != reflect.Slice || !copyable(into.Type()) {
		return m.Conn.Select(ctx, dest, query, args...)
	}
	state, known := m.state(ctx, r, query)
	if !known {
		return m.Conn.Select(ctx, dest, query, args...)
	}
	key := answerKey{into.Type(), sumOf(query, args)}
	if rows, there := m.get(key, state); there {
		give(into, rows)
		return nil
	}
	// Who asks for the same meanwhile waits for the same answer.
	got, err, shared := m.asking.Do(fmt.Sprintf("%v %x %s", key.of, key.sum, state), func() (any, error) {
		fresh := reflect.New(key.of)
		if err := m.Conn.Select(ctx, fresh.Interface(), query, args...); err != nil {
			return nil, err
		}
		m.put(key, state, fresh.Elem())
		return fresh.Elem(), nil
	})
	switch {
	case err == nil:
		give(into, got.(reflect.Value))
		return nil
	case shared && ctx.Err() == nil:
		return m.Conn.Select(ctx, dest, query, args...) // it may have been another's time that was up
	}
	return err
}

// plain says that a statement depends on nothing but its text and parameters: no settings and no
// tables go with it in its context.
func plain(ctx context.Context) (is bool) {
	clickhouse.Context(ctx, func(o *clickhouse.QueryOptions) error {
		is = reflect.ValueOf(o).Elem().IsZero()
		return nil
	})
	return is
}

// give puts rows where the driver would: an empty slice stays the one it was where there are none.
func give(into, rows reflect.Value) {
	if rows.Len() > 0 || into.Len() > 0 {
		into.Set(copied(rows))
	}
}

func sumOf(query string, args []any) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%q", query)
	for _, a := range args {
		fmt.Fprintf(h, "\n%T %#v", a, a)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (m *memory) get(key answerKey, state string) (reflect.Value, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, there := m.kept[key]
	if !there || found.Value.(answer).state != state {
		return reflect.Value{}, false
	}
	m.order.MoveToFront(found)
	return found.Value.(answer).rows, true
}

func (m *memory) put(key answerKey, state string, rows reflect.Value) {
	size := entryItself + sizeOf(rows)
	if size > m.size/answersAtLeast {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, there := m.kept[key]; there {
		m.drop(before)
	}
	for m.holding+size > m.size {
		m.drop(m.order.Back())
	}
	if m.kept == nil {
		m.kept = map[answerKey]*list.Element{}
	}
	m.kept[key] = m.order.PushFront(answer{key, state, rows, size})
	m.holding += size
}

func (m *memory) drop(e *list.Element) {
	a := m.order.Remove(e).(answer)
	delete(m.kept, a.key)
	m.holding -= a.size
}

// state is that of all tables that a statement reads; false where it also depends on something else.
func (m *memory) state(ctx context.Context, r *reading, query string) (string, bool) {
	tables, err := m.tablesOf(ctx, query)
	if err != nil || len(tables) == 0 {
		return "", false
	}
	states, err := r.ask(ctx, m.Conn)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&b, "%s %s\n", t, states[t])
	}
	return b.String(), true
}

func (r *reading) ask(ctx context.Context, conn driver.Conn) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked {
		return r.states, r.failed
	}
	text, err := statements.ReadFile("sql/state.sql")
	if err != nil {
		return nil, err
	}
	var found []struct {
		Table string `ch:"table"`
		State string `ch:"state"`
	}
	err = conn.Select(ctx, &found, string(text))
	r.asked, r.failed, r.states = true, err, map[string]string{}
	for _, f := range found {
		r.states[f.Table] = f.State
	}
	return r.states, r.failed
}

var (
	word = regexp.MustCompile(`\w+`)
	// comments may name tables that a statement does not read, which does no harm, and anything else.
	comment = regexp.MustCompile(`(?m)--.*$`)
	// fleeting is what gives something else each time though no table has changed.
	fleeting = regexp.MustCompile(`(?i)\bsystem\.|\b(now|now64|nowInBlock|today|yesterday|UTCTimestamp|timezone|serverTimezone|getSetting|hostName|uptime|version|queryID|initialQueryID)\s*\(|\b(rand|generate|fuzz)\w*\s*\(|\b(url|file|remote|remoteSecure|cluster|clusterAllReplicas|s3)\s*\(`)
)

// tablesOf are the tables that a statement reads, by the names in it, in order; none where it
// depends on something else as well.
func (m *memory) tablesOf(ctx context.Context, query string) ([]string, error) {
	m.learn.Lock()
	defer m.learn.Unlock()
	if m.tables == nil {
		if err := m.learnTables(ctx); err != nil {
			return nil, err
		}
	}
	of, known := m.reads[query]
	if !known {
		if len(m.reads) >= statementsKnown {
			clear(m.reads)
		}
		of = m.named(query)
		m.reads[query] = of
	}
	return of, nil
}

// statementsKnown is of how many statements is kept what they read.
const statementsKnown = 1000

func (m *memory) named(query string) (out []string) {
	query = comment.ReplaceAllString(query, "")
	if fleeting.MatchString(query) {
		return nil
	}
	for _, w := range word.FindAllString(query, -1) {
		of, named := m.tables[w]
		if named && len(of) == 0 {
			return nil
		}
		out = append(out, of...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// learnTables reads the schema once: nobody changes it while the store is open. A table whose
// parts are not all here, as on a cluster, stands for nothing that can be told.
func (m *memory) learnTables(ctx context.Context) error {
	text, err := statements.ReadFile("sql/schema.sql")
	if err != nil {
		return err
	}
	var found []struct {
		Name   string `ch:"name"`
		Engine string `ch:"engine"`
		Select string `ch:"as_select"`
	}
	if err := m.Conn.Select(ctx, &found, string(text)); err != nil {
		return err
	}
	views := map[string]string{}
	tables := map[string][]string{}
	for _, f := range found {
		switch f.Engine {
		case "MergeTree":
			tables[f.Name] = []string{f.Name}
		case "View":
			views[f.Name] = f.Select
		default:
			tables[f.Name] = nil
		}
	}
	var resolve func(name string, within []string) []string
	resolve = func(name string, within []string) (out []string) {
		if of, known := tables[name]; known {
			return of
		}
		text, view := views[name]
		if !view || slices.Contains(within, name) {
			return nil
		}
		if fleeting.MatchString(text) {
			tables[name] = nil
			return nil
		}
		for _, w := range word.FindAllString(text, -1) {
			if _, isTable := tables[w]; !isTable && views[w] == "" || w == name {
				continue
			}
			of := resolve(w, append(within, name))
			if len(of) == 0 {
				tables[name] = nil
				return nil
			}
			out = append(out, of...)
		}
		slices.Sort(out)
		tables[name] = slices.Compact(out)
		return tables[name]
	}
	for name := range views {
		resolve(name, nil)
	}
	m.tables, m.reads = tables, map[string][]string{}
	return nil
}
