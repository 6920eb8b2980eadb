package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/gofrs/flock"
)

// locks let one reading at a time store records of a tenant. Two at once would both find
// a record new and both store it, and nothing in the store could tell them apart.
type locks struct {
	dir    string // "" locks in this process only
	logger *slog.Logger
	mu     sync.Mutex
	taken  map[string]chan struct{} // one token a tenant
}

func newLocks(dir string, logger *slog.Logger) *locks {
	return &locks{dir: dir, logger: logger, taken: map[string]chan struct{}{}}
}

// lockRetry is how often a lock that another process holds is tried again.
const lockRetry = 50 * time.Millisecond

// acquire waits for the tenant. The kernel frees the lock of a process that was killed.
func (l *locks) acquire(ctx context.Context, tenantID string) (release func(), err error) {
	l.mu.Lock()
	token, there := l.taken[tenantID]
	if !there {
		token = make(chan struct{}, 1)
		l.taken[tenantID] = token
	}
	l.mu.Unlock()
	select {
	case token <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for another ingest of tenant %s: %w", tenantID, context.Cause(ctx))
	}
	if l.dir == "" {
		return func() { <-token }, nil
	}
	file, err := l.acquireFile(ctx, tenantID)
	if err != nil {
		<-token
		return nil, err
	}
	return func() {
		_ = file.Unlock()
		<-token
	}, nil
}

func (l *locks) acquireFile(ctx context.Context, tenantID string) (*flock.Flock, error) {
	if err := os.MkdirAll(l.dir, 0o750); err != nil {
		return nil, fmt.Errorf("lock tenant %s: %w", tenantID, err)
	}
	file := flock.New(filepath.Join(l.dir, fmt.Sprintf("ingest-%016x.lock", xxhash.Sum64String(tenantID))))
	got, err := file.TryLock()
	if err == nil && !got {
		l.logger.Info("waiting for another process that ingests for this tenant", "tenant", tenantID)
		got, err = file.TryLockContext(ctx, lockRetry)
	}
	if err == nil && !got {
		err = errors.New("another process holds it")
	}
	if err != nil {
		return nil, fmt.Errorf("lock tenant %s with %s: %w", tenantID, file.Path(), err)
	}
	return file, nil
}
