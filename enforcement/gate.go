package enforcement

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"fairdial/store/journal"
)

//go:embed sql/names.sql
var namesSQL string

// Marks tells cheaply whether a stream of the journal has grown.
type Marks interface {
	Mark(ctx context.Context, stream string) (journal.Mark, error)
}

// GateOptions are what a Gate needs beside an Enforcer.
type GateOptions struct {
	Marks Marks
	// Conn stores what gateways report.
	Conn ReportConn
	// Fail is the answer when the Gate knows nothing, or nothing new for longer than MaxAge:
	// Allow fails open, Deny fails closed. Empty is Allow.
	Fail Answer
	// MaxAge is how old what the Gate knows may become; 0 is two minutes.
	MaxAge time.Duration
	// Every is how often the log is looked at; 0 is half a second.
	Every time.Duration
}

// How often the Gate reads what no mark tells of.
const (
	namesEvery = time.Minute
	callsEvery = 10 * time.Second
)

// Gate answers decisions from memory, as fast as a dial-out gateway asks. It follows the
// log: what is decided anywhere binds here within GateOptions.Every. Nothing it holds is
// lost with it: after a restart it reads state, usage and reports again.
type Gate struct {
	enforcer *Enforcer
	opts     GateOptions
	book     atomic.Pointer[register]
	readAt   atomic.Int64 // when everything was last known to be current, Unix milliseconds
	mark     journal.Mark
	stops    journal.Mark // of the kill switch
	namesAt  time.Time
	callsAt  time.Time
	one      sync.Mutex // one refresh at a time
	windows  sync.Map   // organizer → *window, of those who are throttled
	answers  [4]atomic.Uint64
}

// register is what a Gate knows; it is replaced whole and never changed.
type register struct {
	ids    map[string][]organizer // by organizer id
	upns   map[string][]organizer // by lower-case sign-in name
	states map[organizer]State
	stop   Switch
}

// NewGate makes a Gate that knows nothing yet; [Gate.Follow] keeps it current.
func NewGate(e *Enforcer, opts GateOptions) (*Gate, error) {
	if e == nil || opts.Marks == nil || opts.Conn == nil {
		return nil, errors.New("a decision gate needs enforcement, the journal and the store")
	}
	opts.Fail = cmp.Or(opts.Fail, Allow)
	if opts.Fail != Allow && opts.Fail != Deny {
		return nil, fmt.Errorf("decision gate: %q is neither allow nor deny", opts.Fail)
	}
	opts.MaxAge = cmp.Or(opts.MaxAge, 2*time.Minute)
	opts.Every = cmp.Or(opts.Every, 500*time.Millisecond)
	return &Gate{enforcer: e, opts: opts}, nil
}

// Follow keeps the Gate current until ctx ends.
func (g *Gate) Follow(ctx context.Context) error {
	ticker := time.NewTicker(g.opts.Every)
	defer ticker.Stop()
	failing := false
	for {
		err := g.Refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if (err != nil) != failing { // said once, when it begins and when it ends
			failing = err != nil
			if failing {
				g.enforcer.log.LogAttrs(ctx, slog.LevelError, "decisions are not being kept current", slog.Any("error", err))
			} else {
				g.enforcer.log.LogAttrs(ctx, slog.LevelInfo, "decisions are current again")
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Refresh brings the Gate up to date with the store, reading only what can have changed.
func (g *Gate) Refresh(ctx context.Context) error {
	g.one.Lock()
	defer g.one.Unlock()
	now := g.enforcer.now()
	// The mark is read first: what is appended after it is read again in the next turn.
	mark, err := g.opts.Marks.Mark(ctx, Stream)
	if err != nil {
		return fmt.Errorf("decision gate: %w", err)
	}
	stops, err := g.opts.Marks.Mark(ctx, switchStream)
	if err != nil {
		return fmt.Errorf("decision gate: %w", err)
	}
	known := g.book.Load()
	fresh := register{}
	changed := false
	if known != nil {
		fresh = *known
	}
	if known == nil || now.Sub(g.namesAt) >= namesEvery {
		if fresh.ids, fresh.upns, err = g.readNames(ctx, now); err != nil {
			return fmt.Errorf("decision gate: %w", err)
		}
		g.namesAt, changed = now, true
	}
	if known == nil || stops != g.stops {
		if fresh.stop, err = g.enforcer.Switch(ctx); err != nil {
			return fmt.Errorf("decision gate: %w", err)
		}
		g.stops, changed = stops, true
	}
	statesMoved := known == nil || mark != g.mark
	if statesMoved {
		if fresh.states, err = g.readStates(ctx); err != nil {
			return fmt.Errorf("decision gate: %w", err)
		}
		g.mark, changed = mark, true
	}
	if statesMoved || now.Sub(g.callsAt) >= callsEvery {
		if err := g.readWindows(ctx, fresh.states, now); err != nil {
			return fmt.Errorf("decision gate: %w", err)
		}
		g.callsAt = now
	}
	if changed {
		g.book.Store(&fresh)
	}
	g.readAt.Store(now.UnixMilli())
	return nil
}

func (g *Gate) readStates(ctx context.Context) (map[organizer]State, error) {
	list, err := g.enforcer.States(ctx)
	if err != nil {
		return nil, err
	}
	states := make(map[organizer]State, len(list))
	for _, s := range list {
		states[organizer{s.TenantID, s.OrganizerID}] = s
	}
	return states, nil
}

func (g *Gate) readNames(ctx context.Context, now time.Time) (ids, upns map[string][]organizer, err error) {
	var found []identity
	since := clickhouse.DateNamed("since", now.Add(-activeFor), clickhouse.MilliSeconds)
	if err := g.enforcer.conn.Select(ctx, &found, namesSQL, since); err != nil {
		return nil, nil, fmt.Errorf("read the organizers: %w", err)
	}
	ids, upns = make(map[string][]organizer, len(found)), make(map[string][]organizer, len(found))
	for _, p := range found {
		o := organizer{p.TenantID, p.OrganizerID}
		ids[p.OrganizerID] = append(ids[p.OrganizerID], o)
		if p.UPN != "" {
			upn := strings.ToLower(p.UPN)
			upns[upn] = append(upns[upn], o)
		}
	}
	return ids, upns, nil
}

// find gives who a name means. A name with an @ is a sign-in name.
func (r *register) find(name string) []organizer {
	if strings.Contains(name, "@") {
		return r.upns[strings.ToLower(name)]
	}
	return r.ids[name]
}

// ErrNoOrganizer refuses a question that names nobody.
var ErrNoOrganizer = errors.New("no organizer given: name one by id or sign-in name")

// Decide answers as [Enforcer.Decide] does, from memory. It gives an error only for a
// question that names nobody.
func (g *Gate) Decide(name, number string) (Decision, error) {
	name = normal(name)
	if name == "" {
		return Decision{}, ErrNoOrganizer
	}
	emergency := isEmergency(number)
	now := g.enforcer.now()
	book := g.book.Load()
	policy := g.enforcer.policy
	if book != nil {
		policy = policy.under(book.stop)
	}
	if why := g.blind(book, now); why != "" {
		return g.counted(policy.settle(g.failed(name, why), emergency)), nil
	}
	found := book.find(name)
	if len(found) == 0 {
		return g.counted(policy.settle(policy.unknown(name), emergency)), nil
	}
	var several []Decision
	for _, o := range found {
		d := policy.settle(g.answer(book, policy, o, now), emergency)
		if len(found) == 1 {
			return g.counted(d), nil
		}
		several = append(several, d)
	}
	return g.counted(strictest(several)), nil
}

// Within answers of one tenant's organizer, whoever else has the same id or name: a gateway knows no
// tenant when it asks, and a page about a case does. It is no gateway's question and not counted.
func (g *Gate) Within(tenantID, organizerID string) Decision {
	now, book, policy := g.enforcer.now(), g.book.Load(), g.enforcer.policy
	if book != nil {
		policy = policy.under(book.stop)
	}
	if why := g.blind(book, now); why != "" {
		return policy.settle(g.failed(organizerID, why), false)
	}
	o := organizer{tenantID, organizerID}
	if !slices.Contains(book.ids[organizerID], o) {
		return policy.settle(policy.unknown(organizerID), false)
	}
	return policy.settle(g.answer(book, policy, o, now), false)
}

// answer is the decision by what the Gate knows of an organizer.
func (g *Gate) answer(book *register, policy Policy, o organizer, now time.Time) Decision {
	s, touched := book.states[o]
	if !touched {
		s = State{TenantID: o.tenant, OrganizerID: o.id, Level: LevelObserve}
	}
	var used recent
	if s.InForce(now) == LevelThrottle {
		if w, ok := g.windows.Load(o); ok {
			used = w.(*window).used(now)
		}
	}
	return policy.answer(s, used, now)
}

// blind says why the Gate cannot answer by what it knows, "" if it can.
func (g *Gate) blind(book *register, now time.Time) string {
	if book == nil {
		return "the state of enforcement has not been read yet"
	}
	if age := now.Sub(time.UnixMilli(g.readAt.Load())); age > g.opts.MaxAge {
		return "the store has not answered for " + age.Round(time.Second).String()
	}
	return ""
}

func (g *Gate) failed(name, why string) Decision {
	way := "open"
	if g.opts.Fail == Deny {
		way = "closed"
	}
	return Decision{
		OrganizerID: name, Decision: g.opts.Fail, Reason: why + ": the answer fails " + way,
		Level: LevelObserve, DryRun: g.enforcer.policy.DryRun, Failed: &way,
	}
}

// The slots of Gate.answers beside those that strictness gives.
const failedSlot = 3

func (g *Gate) counted(d Decision) Decision {
	if d.Failed != nil {
		g.answers[failedSlot].Add(1)
	} else {
		g.answers[d.Decision.strictness()].Add(1)
	}
	return d
}

// Answers is how often each answer was given since the start, and under "failed" those that
// rested on nothing.
func (g *Gate) Answers() map[string]uint64 {
	return map[string]uint64{
		string(Allow): g.answers[0].Load(), string(Throttle): g.answers[1].Load(),
		string(Deny): g.answers[2].Load(), "failed": g.answers[failedSlot].Load(),
	}
}

// Ready says whether the Gate answers by what is in the store.
func (g *Gate) Ready() error {
	if why := g.blind(g.book.Load(), g.enforcer.now()); why != "" {
		return errors.New("decisions: " + why)
	}
	return nil
}
