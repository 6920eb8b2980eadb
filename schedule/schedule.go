// Package schedule runs jobs at cron slots in UTC, records every run, and catches
// up a slot that passed while the daemon was down.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// Job is something done again and again. Run must be idempotent: after a crash the
// same slot runs again. It returns one line on what it did.
type Job struct {
	Name string
	Spec string // five cron fields, or "@every 10m"; empty turns the job off
	Run  func(ctx context.Context, slot time.Time) (string, error)
}

// Outcome is how a run ended.
type Outcome string

// The outcomes of a run.
const (
	Started Outcome = "started"
	Done    Outcome = "done"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // the run before was still going
)

// Run is one record of a job's log.
type Run struct {
	Job      string
	Slot     time.Time // UTC; the time the job was due
	Outcome  Outcome
	Detail   string
	Took     time.Duration
	CaughtUp bool
}

// Recorder keeps the log of runs.
type Recorder interface {
	Record(ctx context.Context, run Run) error
	// LastSlot is the newest slot of a job that was started, false if none was.
	LastSlot(ctx context.Context, job string) (time.Time, bool, error)
}

// Options are what a Scheduler needs; all but Observe are required.
type Options struct {
	Jobs     []Job
	Recorder Recorder
	Now      func() time.Time
	Logger   *slog.Logger
	// Observe is told of every record, for metrics.
	Observe func(Run)
	// Grace is how long running jobs may take to stop once the daemon ends.
	Grace time.Duration
}

// Scheduler runs jobs until its context ends.
type Scheduler struct {
	opts    Options
	entries []*entry
}

type entry struct {
	Job
	schedule cron.Schedule
	running  sync.Mutex
}

// New checks the jobs' schedules.
func New(opts Options) (*Scheduler, error) {
	s := &Scheduler{opts: opts}
	var bad []error
	for _, job := range opts.Jobs {
		if job.Spec == "" {
			continue
		}
		schedule, err := cron.ParseStandard(job.Spec)
		if err != nil {
			bad = append(bad, fmt.Errorf("job %s: schedule %q: %w", job.Name, job.Spec, err))
			continue
		}
		s.entries = append(s.entries, &entry{Job: job, schedule: schedule})
	}
	return s, errors.Join(bad...)
}

// Run starts the jobs, first those whose slot passed while nobody ran them. When
// ctx ends it lets running jobs finish or roll back for at most Grace.
func (s *Scheduler) Run(ctx context.Context) error {
	jobs, stopJobs := context.WithCancel(context.WithoutCancel(ctx))
	defer stopJobs()
	var inFlight sync.WaitGroup

	c := cron.New(cron.WithLocation(time.UTC))
	for _, e := range s.entries {
		c.Schedule(e.schedule, cron.FuncJob(func() {
			inFlight.Add(1)
			defer inFlight.Done()
			// Cron fires on the second: now, to the second, is when the run was due.
			s.run(jobs, e, s.opts.Now().UTC().Truncate(time.Second), false)
		}))
	}
	for _, e := range s.entries {
		slot, missed, err := s.missed(ctx, e)
		if err != nil {
			return err
		}
		if missed {
			inFlight.Go(func() { s.run(jobs, e, slot, true) })
		}
	}
	c.Start()
	<-ctx.Done()
	stopJobs()

	ended := make(chan struct{})
	go func() {
		<-c.Stop().Done()
		inFlight.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-time.After(s.opts.Grace):
		return fmt.Errorf("jobs still running %s after they were told to stop", s.opts.Grace)
	}
}

// missed is the latest slot since the last recorded one that nobody ran. A job that
// never ran is due at once, so that a fresh daemon shows something soon.
func (s *Scheduler) missed(ctx context.Context, e *entry) (time.Time, bool, error) {
	now := s.opts.Now().UTC()
	last, known, err := s.opts.Recorder.LastSlot(ctx, e.Name)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("last run of job %s: %w", e.Name, err)
	}
	if !known {
		return now.Truncate(time.Second), true, nil
	}
	next := e.schedule.Next(last.UTC())
	if next.IsZero() || next.After(now) {
		return time.Time{}, false, nil
	}
	return latest(e.schedule, next, now), true, nil
}

// latest is the last slot not after now, from a slot that is not after it either.
// However many slots passed, one run catches them all up: jobs do all that is due.
func latest(schedule cron.Schedule, slot, now time.Time) time.Time {
	if d, ok := schedule.(cron.ConstantDelaySchedule); ok {
		return slot.Add(now.Sub(slot).Truncate(d.Delay))
	}
	for {
		next := schedule.Next(slot)
		if next.IsZero() || next.After(now) {
			return slot
		}
		slot = next
	}
}

func (s *Scheduler) run(ctx context.Context, e *entry, slot time.Time, caughtUp bool) {
	record := func(outcome Outcome, detail string, took time.Duration) {
		r := Run{Job: e.Name, Slot: slot, Outcome: outcome, Detail: detail, Took: took, CaughtUp: caughtUp}
		if s.opts.Observe != nil {
			s.opts.Observe(r)
		}
		// The record is written even when the daemon is ending.
		if err := s.opts.Recorder.Record(context.WithoutCancel(ctx), r); err != nil {
			s.opts.Logger.Error("job run not recorded", "job", e.Name, "slot", slot, "outcome", outcome, "error", err)
		}
	}
	if !e.running.TryLock() {
		s.opts.Logger.Warn("job skipped: the run before is still going", "job", e.Name, "slot", slot)
		record(Skipped, "the run before was still going", 0)
		return
	}
	defer e.running.Unlock()
	if ctx.Err() != nil {
		return
	}
	record(Started, "", 0)
	start := s.opts.Now()
	detail, err := guarded(ctx, e.Job, slot)
	took := s.opts.Now().Sub(start)
	if err != nil {
		s.opts.Logger.Error("job failed", "job", e.Name, "slot", slot, "took", took, "error", err)
		record(Failed, err.Error(), took)
		return
	}
	s.opts.Logger.Debug("job done", "job", e.Name, "slot", slot, "took", took, "detail", detail)
	record(Done, detail, took)
}

// guarded turns a panic of a job into its error: one bad job must not end the daemon.
func guarded(ctx context.Context, job Job, slot time.Time) (detail string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job %s panicked: %v", job.Name, p)
		}
	}()
	return job.Run(ctx, slot)
}
