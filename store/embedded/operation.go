package embedded

import (
	"context"
	"sync"
	"time"
)

// operation is one request from the moment it has a session to the moment the session
// is free again.
type operation struct {
	engine  *Engine
	session *session
	ctx     context.Context
	cancel  context.CancelCauseFunc
	unhook  func() bool

	over   chan struct{} // closed by finish
	killed chan struct{} // closed when the killer has stopped
	once   sync.Once

	mu   sync.Mutex
	feed *feed // rows that the query reads, and may be blocked on
}

// start waits for a session. Cancelling ctx, or closing the engine, stops the query.
func (e *Engine) start(ctx context.Context, database string, settings map[string]string) (*operation, error) {
	if err := e.enter(); err != nil {
		return nil, err
	}
	op := &operation{engine: e, over: make(chan struct{}), killed: make(chan struct{})}
	op.ctx, op.cancel = context.WithCancelCause(ctx)
	detach := context.AfterFunc(e.ctx, func() { op.cancel(ErrClosed) })

	s, err := e.pool.acquire(op.ctx, database, settings)
	if err != nil {
		detach()
		op.cancel(nil)
		e.running.Done()
		return nil, err
	}
	op.session = s
	unhook := context.AfterFunc(op.ctx, op.killer)
	op.unhook = func() bool { detach(); return unhook() }
	return op, nil
}

// killer runs once the context has ended, until the session is free. It asks more than
// once: the query may not have begun when it is first told to stop.
func (op *operation) killer() {
	defer close(op.killed)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		if op.session.busy.Load() {
			if _, err := op.engine.kill(op.session); err != nil {
				op.engine.log.Warn("could not cancel a query of the embedded engine", "session", op.session.tag, "error", err)
			}
			op.feeding(nil).abort()
		}
		select {
		case <-op.over:
			return
		case <-time.After(pause):
		}
	}
}

// killUntilFound stops a query that has begun, or is about to. It returns at once when
// it is over.
func (e *Engine) killUntilFound(op *operation) {
	for op.session.busy.Load() {
		if found, err := e.kill(op.session); found || err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// feeding sets the rows that the query reads, unless f is nil, and returns them.
func (op *operation) feeding(f *feed) *feed {
	op.mu.Lock()
	defer op.mu.Unlock()
	if f != nil {
		op.feed = f
	}
	return op.feed
}

// finish gives the session back. It waits for the killer to stop, or that would stop
// somebody else's query.
func (op *operation) finish() {
	op.once.Do(func() {
		close(op.over)
		if !op.unhook() {
			<-op.killed
		}
		op.cancel(nil)
		op.engine.pool.release(op.session)
		op.engine.running.Done()
	})
}

// patience is how long a cancelled caller waits for its query to stop. Nearly all stop
// within milliseconds; one that does not goes on unwatched and keeps its session.
const patience = 2 * time.Second

// run runs fn on the session's thread and reports whether it is done. If it is not,
// because the context ended and the query would not stop, then cleanup and finish
// follow when it is, and nothing that fn uses may be touched any more.
func (op *operation) run(fn, cleanup func()) bool {
	done := op.session.begin(fn)
	select {
	case <-done:
		return true
	case <-op.ctx.Done():
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
	}
	go func() {
		<-done
		cleanup()
		op.finish()
	}()
	return false
}
