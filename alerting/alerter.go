// Package alerting tells people of cases: from the case log to Slack, or to the log where
// there is no token. What must be told follows from the case log and the delivery log, and
// a message is sent once whatever crashes in between. README.md states the rules.
package alerting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"fairdial/cases"
	"fairdial/enforcement"
)

// Cases is what alerting needs of the case log.
type Cases interface {
	// Changed gives the latest event of each case with an event recorded since; the zero
	// time means of every case.
	Changed(ctx context.Context, since time.Time) ([]cases.Event, error)
}

// Enforcement is what alerting needs to say what is in force and what is next.
type Enforcement interface {
	States(ctx context.Context) ([]enforcement.State, error)
	Next(c cases.Case, organizerID string, s enforcement.State, now time.Time) enforcement.Action
	// DryRun says whether nothing is enforced at all, whatever was recorded.
	DryRun() bool
	// Switch is where the kill switch stands.
	Switch(ctx context.Context) (enforcement.Switch, error)
}

// Options are what an Alerter needs.
type Options struct {
	Cases       Cases
	Journal     Journal
	Enforcement Enforcement
	// Sender carries messages; nil writes them to the log and the store alone.
	Sender Sender
	// Channel is a name ("#fair-use") or an id. OnCall is where the guard rail is told of, and
	// Finance where the weekly summary goes; "" is Channel.
	Channel, OnCall, Finance string
	// Buttons puts buttons under a case's message; somebody must work their presses off.
	Buttons bool
	// Routes tell cases in channels of their own; Channel is for all others, and Quiet its
	// quiet hours.
	Routes []Route
	Quiet  Quiet
	// Tags are those of a rule; nil where routes name none.
	Tags func(ruleID string) []string
	// Chart draws an organizer's use against what is usual, for the case's thread; nil, or an
	// empty picture, shows none.
	Chart func(ctx context.Context, c cases.Case) (Picture, error)
	// Outlets tell news elsewhere too.
	Outlets []Outlet
	// PassEvery is the longest time between two passes of the policy; 0 where it has none by itself.
	PassEvery time.Duration
	// Storm says when many new cases are told in one message.
	Storm Storm
	// MinScore is the risk from which a case is told for the first time.
	MinScore int
	// BaseURL is how people reach the console; "" leaves links out.
	BaseURL string
	Now     func() time.Time
	NewID   func() uuid.UUID
	Logger  *slog.Logger
	// Every is the least time between two messages; 0 is one second, what Slack takes in a
	// channel.
	Every time.Duration
	// Lease is how long a message that another run announced is left to that run; 0 is a
	// minute. It must be longer than a message can take.
	Lease time.Duration
}

// Alerter tells people of cases. Safe for concurrent use, in several processes too: all
// state is in the journal.
type Alerter struct {
	cases       Cases
	journal     Journal
	enforcement Enforcement
	sender      Sender
	channel     string
	onCall      string
	finance     string
	routes      []Route
	quiet       Quiet
	tags        func(ruleID string) []string
	storm       Storm
	passEvery   time.Duration
	outlets     []Outlet
	chart       func(ctx context.Context, c cases.Case) (Picture, error)
	minScore    int
	baseURL     string
	offers      bool
	clock       func() time.Time
	log         *slog.Logger
	lease       time.Duration
	run         string // names this Alerter in announcements
	pace        *rate.Limiter
	sleep       func(context.Context, time.Duration) error
	one         sync.Mutex // one pass at a time
}

// New makes an Alerter.
func New(opts Options) (*Alerter, error) {
	if opts.Cases == nil || opts.Journal == nil || opts.Enforcement == nil || opts.Now == nil || opts.NewID == nil {
		return nil, errors.New("alerting needs the case log, a journal, enforcement, a clock and a source of ids")
	}
	if opts.Channel == "" {
		return nil, errors.New("alerting needs a channel: set slack.channel")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Every == 0 {
		opts.Every = time.Second
	}
	if opts.Lease == 0 {
		opts.Lease = time.Minute
	}
	return &Alerter{
		cases: opts.Cases, journal: opts.Journal, enforcement: opts.Enforcement, sender: opts.Sender,
		channel: opts.Channel, onCall: cmp.Or(opts.OnCall, opts.Channel), finance: cmp.Or(opts.Finance, opts.Channel), routes: opts.Routes, quiet: opts.Quiet, tags: opts.Tags, storm: opts.Storm, passEvery: opts.PassEvery, chart: opts.Chart, outlets: opts.Outlets, minScore: opts.MinScore, baseURL: opts.BaseURL, offers: opts.Buttons,
		clock: opts.Now, log: opts.Logger, lease: opts.Lease, run: opts.NewID().String(),
		pace: rate.NewLimiter(rate.Every(opts.Every), 1), sleep: sleep,
	}, nil
}

// now is the moment in the resolution that the journal keeps.
func (a *Alerter) now() time.Time { return a.clock().UTC().Truncate(time.Millisecond) }

// Report says what one pass did.
type Report struct {
	Cases     int `json:"cases"`     // looked at
	Posted    int `json:"posted"`    // told for the first time
	Updated   int `json:"updated"`   // messages changed in place
	Replied   int `json:"replied"`   // of them, told in the thread too
	Adopted   int `json:"adopted"`   // found in the channel after a crash
	Logged    int `json:"logged"`    // written to the log and the store, without a token
	Muted     int `json:"muted"`     // news kept quiet
	Failed    int `json:"failed"`    // refused or not answered; the next pass tries again
	Digested  int `json:"digested"`  // told in a digest, with others
	Elsewhere int `json:"elsewhere"` // told by other outlets
	Dead      int `json:"dead"`      // given up after a day of failures
	Deferred  int `json:"deferred"`  // left to the next pass, or to another run
	// Quiet counts the cases without news by reason.
	Quiet map[Reason]int `json:"quiet,omitempty"`
	// Problem is the latest failure, or why the pass ended early, in one sentence.
	Problem string `json:"problem,omitempty"`
}

// Run is one pass: it tells what the case log has and the delivery log lacks. It can be
// killed at any point and run again. A message that does not get through is in the report,
// not in the error, which is about the store.
func (a *Alerter) Run(ctx context.Context) (Report, error) {
	report, err := a.pass(ctx, func(cases.Event) bool { return true })
	if err == nil {
		err = a.finishBulletins(ctx, &report)
	}
	return report, err
}

// Tell is a pass over one case: somebody has just done something to it.
func (a *Alerter) Tell(ctx context.Context, caseID string) (Report, error) {
	return a.pass(ctx, func(e cases.Event) bool { return e.CaseID == caseID })
}

func (a *Alerter) pass(ctx context.Context, about func(cases.Event) bool) (Report, error) {
	a.one.Lock()
	defer a.one.Unlock()
	report := Report{}
	fail := func(err error) (Report, error) { return report, fmt.Errorf("alert: %w", err) }

	events, b, states, err := a.read(ctx)
	if err != nil {
		return fail(err)
	}
	events = slices.DeleteFunc(events, func(e cases.Event) bool { return !about(e) })
	report.Cases = len(events)
	now := a.now()
	tasks := a.pick(ctx, events, b, states, now, &report)
	if a.sender == nil {
		err = a.logAll(ctx, tasks, now, &report)
	} else {
		if err = a.sendAll(ctx, tasks, b, states, &report); err == nil {
			a.illustrateRest(ctx, events, b)
		}
	}
	if err == nil {
		err = a.tellOutlets(ctx, events, states, &report)
	}
	if err != nil {
		return fail(err)
	}
	return report, nil
}

func (a *Alerter) read(ctx context.Context) ([]cases.Event, book, standing, error) {
	// Digests first: one that another run finishes after we have read it cannot be announced on
	// what we read, and what one tells that was finished before stands in the deliveries, which are
	// read after it. Then the deliveries: a case that changes in between is told now or in the next
	// pass, but nothing is told twice.
	digests, err := a.readDigests(ctx)
	if err != nil {
		return nil, book{}, standing{}, err
	}
	b, err := a.readBook(ctx)
	if err != nil {
		return nil, book{}, standing{}, err
	}
	b.digests = digests
	list, err := a.enforcement.States(ctx)
	if err != nil {
		return nil, book{}, standing{}, err
	}
	stop, err := a.enforcement.Switch(ctx)
	if err != nil {
		return nil, book{}, standing{}, err
	}
	states := standing{of: map[organizer]enforcement.State{}, stopped: stop.Stopped}
	for _, s := range list {
		states.of[organizer{s.TenantID, s.OrganizerID}] = s
	}
	events, err := a.cases.Changed(ctx, time.Time{})
	if err != nil {
		return nil, book{}, standing{}, fmt.Errorf("read the cases: %w", err)
	}
	return events, b, states, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
