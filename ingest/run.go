package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"fairdial/store/journal"
)

// run is one call for several files. Killed and called again with the same files, it goes
// on: files it had read to their end are counted as they were then and not read again,
// so that the ledger is that of a run that nobody disturbed. A run that ended is over:
// the same files again are a new one, all duplicates.
type run struct {
	resumed bool
	since   time.Time // UTC; when it began
	used    map[uuid.UUID]bool
	places  map[uuid.UUID]int // of batches, in the order of the files
}

// The stream of runs in the journal: subject is the tenant and the files, kinds are
// started and ended by turns.
const (
	runStream  = "ingest"
	runStarted = "started"
	runEnded   = "ended"
)

// beginRun finds out whether the run goes on with one that was cut short. The caller calls
// end when every file is in the ledger.
func (g *Ingester) beginRun(ctx context.Context, tenantID, actor string, files []file) (r *run, end func() error, err error) {
	r = &run{used: map[uuid.UUID]bool{}, places: map[uuid.UUID]int{}}
	if len(files) < 2 {
		return r, func() error { return nil }, nil // the file's own line in the ledger says it all
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.base() + "\x00" + f.hash
	}
	slices.Sort(names)
	event := journal.Event{
		Stream: runStream, Subject: derived(append([]string{tenantID}, names...)...).String(), TenantID: tenantID, Actor: actor,
		Reason: strconv.Itoa(len(files)) + " files", Kind: runStarted, Version: 1,
	}
	last, there, err := g.journal.Latest(ctx, event.Stream, event.Subject)
	if err != nil {
		return nil, nil, fmt.Errorf("begin to ingest: %w", err)
	}
	if there {
		event.Version = last.Version + 1
	}
	if there && last.Kind == runStarted {
		r.resumed, r.since = true, last.RecordedAt
	} else {
		if err := g.journal.Append(ctx, event); err != nil {
			return nil, nil, fmt.Errorf("begin to ingest: %w", err)
		}
		event.Version++
	}
	event.Kind = runEnded
	return r, func() error {
		err := g.journal.Append(ctx, event)
		if _, ok := errors.AsType[*journal.ConflictError](err); ok {
			return nil // somebody without our lock ran the same files; each has its lines in the ledger
		}
		return err
	}, nil
}

// take finds the batch of a file among those of its content: one that this run read to
// its end before it was cut short, or one to go on with.
func (r *run) take(f file, batches []contentBatch) (done, resume *contentBatch) {
	for i := range batches {
		b := &batches[i]
		if b.File != f.base() || r.used[b.BatchID] {
			continue
		}
		ended := b.State != stateStarted
		if ended && (!r.resumed || b.Began.Before(r.since)) {
			continue
		}
		r.used[b.BatchID] = true
		if ended {
			return b, nil
		}
		return nil, b
	}
	return nil, nil
}
