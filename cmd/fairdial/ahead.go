package main

import (
	"context"
	"slices"
	"sync"

	"fairdial/rating"
	"fairdial/usage"
)

// ahead works out, one tenant-month after the other, what pages would otherwise wait for: of months
// that were rated, and of those that somebody asks for.
type ahead struct {
	s *services

	mu      sync.Mutex
	waiting []aheadMonth
	failed  map[aheadMonth]error // told to who asks next
	more    chan struct{}
}

type aheadMonth struct {
	month  usage.Month
	tenant string
}

func newAhead(s *services) *ahead {
	return &ahead{s: s, failed: map[aheadMonth]error{}, more: make(chan struct{}, 1)}
}

// want puts a tenant-month with those that wait, or says why it could not be worked out.
func (a *ahead) want(month usage.Month, tenantID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := aheadMonth{month, tenantID}
	if err, there := a.failed[m]; there {
		delete(a.failed, m)
		return err
	}
	a.wait(m)
	return nil
}

// rated wants the months that a rating has made anew.
func (a *ahead) rated(all []rating.Rated) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range all {
		month, err := usage.ParseMonth(r.Month)
		if err != nil {
			return err
		}
		delete(a.failed, aheadMonth{month, r.TenantID})
		a.wait(aheadMonth{month, r.TenantID})
	}
	return nil
}

func (a *ahead) wait(m aheadMonth) {
	if slices.Contains(a.waiting, m) {
		return
	}
	a.waiting = append(a.waiting, m)
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// run works until ctx ends. What waits stays in the list until it is done, so that it is not
// asked for a second time meanwhile.
func (a *ahead) run(ctx context.Context) error {
	for ctx.Err() == nil {
		a.mu.Lock()
		var next *aheadMonth
		if len(a.waiting) > 0 {
			first := a.waiting[0]
			next = &first
		}
		a.mu.Unlock()
		if next == nil {
			select {
			case <-ctx.Done():
			case <-a.more:
			}
			continue
		}
		err := a.workOut(ctx, *next)
		a.mu.Lock()
		a.waiting = a.waiting[1:]
		if err != nil {
			a.failed[*next] = err
		}
		a.mu.Unlock()
	}
	return nil
}

func (a *ahead) workOut(ctx context.Context, next aheadMonth) error {
	rater, err := a.s.books.AsClosed(ctx, []string{next.tenant})
	if err != nil {
		return err
	}
	return rater.WorkOut(ctx, next.month, next.tenant)
}
