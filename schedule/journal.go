package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"fairdial/store/journal"
)

// stream is the journal's stream of job runs; the subject is the job's name.
const stream = "job"

// actor is who the runs are by.
const actor = "system:schedule"

// Log records runs in the journal.
type Log struct{ journal *journal.Journal }

// NewLog makes a recorder on a journal.
func NewLog(j *journal.Journal) *Log { return &Log{journal: j} }

type runBody struct {
	Slot        time.Time `json:"slot"`
	CaughtUp    bool      `json:"caught_up,omitempty"`
	TookSeconds float64   `json:"took_seconds,omitempty"`
}

// Record appends a run to the log of its job.
func (l *Log) Record(ctx context.Context, run Run) error {
	body, err := json.Marshal(runBody{Slot: run.Slot, CaughtUp: run.CaughtUp, TookSeconds: run.Took.Seconds()})
	if err != nil {
		return fmt.Errorf("run of job %s: %w", run.Job, err)
	}
	for {
		last, _, err := l.journal.Latest(ctx, stream, run.Job)
		if err != nil {
			return err
		}
		err = l.journal.Append(ctx, journal.Event{
			Stream: stream, Subject: run.Job, Version: last.Version + 1,
			Kind: string(run.Outcome), Actor: actor, Reason: run.Detail, Body: string(body),
		})
		// A skipped run is recorded while the running one is: both get in, in turn.
		if _, ok := errors.AsType[*journal.ConflictError](err); !ok {
			return err
		}
	}
}

// LastSlot is the newest slot of a job that was started.
func (l *Log) LastSlot(ctx context.Context, job string) (time.Time, bool, error) {
	runs, err := l.Runs(ctx, job)
	if err != nil {
		return time.Time{}, false, err
	}
	var last time.Time
	for _, r := range runs {
		if r.Outcome == Started && r.Slot.After(last) {
			last = r.Slot
		}
	}
	return last, !last.IsZero(), nil
}

// Runs is the log of a job, oldest first.
func (l *Log) Runs(ctx context.Context, job string) ([]Run, error) {
	events, err := l.journal.History(ctx, stream, job)
	if err != nil {
		return nil, err
	}
	runs := make([]Run, len(events))
	for i, e := range events {
		var body runBody
		if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
			return nil, fmt.Errorf("log of job %s, version %d: %w", job, e.Version, err)
		}
		runs[i] = Run{
			Job: job, Slot: body.Slot, Outcome: Outcome(e.Kind), Detail: e.Reason, CaughtUp: body.CaughtUp,
			Took: time.Duration(body.TookSeconds * float64(time.Second)),
		}
	}
	return runs, nil
}
