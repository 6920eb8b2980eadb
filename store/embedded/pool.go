package embedded

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed is returned for a query on an engine that has been closed.
var ErrClosed = errors.New("the embedded engine is closed")

// pool lends sessions out, one query at a time each. It opens them as they are needed,
// up to max: with all of them busy, the longest waiter gets the first that is given back.
type pool struct {
	open func() (*session, error)
	max  int

	mu      sync.Mutex
	idle    []*session // the one used last is last
	count   int        // idle and lent out
	waiters []chan *session
	closed  bool
}

// acquire lends a session that fits database and settings best, so that as little as
// possible has to be SET.
func (p *pool) acquire(ctx context.Context, database string, settings map[string]string) (*session, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if s := p.takeIdle(database, settings); s != nil {
		p.mu.Unlock()
		return s, nil
	}
	if p.count < p.max {
		p.count++
		p.mu.Unlock()
		s, err := p.open()
		if err != nil {
			p.mu.Lock()
			p.count--
			p.mu.Unlock()
		}
		return s, err
	}
	wait := make(chan *session, 1)
	p.waiters = append(p.waiters, wait)
	p.mu.Unlock()

	select {
	case s := <-wait:
		if s == nil {
			return nil, ErrClosed
		}
		return s, nil
	case <-ctx.Done():
		p.forget(wait)
		return nil, context.Cause(ctx)
	}
}

func (p *pool) takeIdle(database string, settings map[string]string) *session {
	best, points := -1, -1
	for i, s := range p.idle {
		n := 0
		if s.fits(settings) {
			n += 2
		}
		if s.database == database {
			n++
		}
		if n >= points { // of equals the one used last: its memory is warm
			best, points = i, n
		}
	}
	if best < 0 {
		return nil
	}
	// Opening another one costs no more than opening this one anew.
	if points < 2 && p.count < p.max {
		return nil
	}
	s := p.idle[best]
	p.idle = append(p.idle[:best], p.idle[best+1:]...)
	return s
}

// forget takes a waiter out of the queue; a session it was handed meanwhile goes back.
func (p *pool) forget(wait chan *session) {
	p.mu.Lock()
	for i, w := range p.waiters {
		if w == wait {
			p.waiters = append(p.waiters[:i], p.waiters[i+1:]...)
			p.mu.Unlock()
			return
		}
	}
	p.mu.Unlock()
	if s := <-wait; s != nil {
		p.release(s)
	}
}

func (p *pool) release(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiters) > 0 {
		wait := p.waiters[0]
		p.waiters = p.waiters[1:]
		wait <- s
		return
	}
	p.idle = append(p.idle, s)
}

// shut refuses further queries, those that wait included.
func (p *pool) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, wait := range p.waiters {
		wait <- nil
	}
	p.waiters = nil
}

// takeAll returns the sessions that have been given back.
func (p *pool) takeAll() []*session {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle
	p.idle = nil
	p.count -= len(idle)
	return idle
}
