package alerting

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

// pager is an outlet that keeps what it was told.
type pager struct {
	got   []News
	fails error
}

func (p *pager) Name() string { return "pager" }

func (p *pager) Send(_ context.Context, n News) error {
	if p.fails == nil {
		p.got = append(p.got, n)
	}
	return p.fails
}

func TestAnOutletHearsNewsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := &pager{}
	with := func(o *Options) { o.Outlets = []Outlet{p} }
	a := w.alerter(with)
	c, old := caseOf("x", 80, 1), caseOf("old", 80, 1)
	old.OpenedAt = start.AddDate(0, 0, -2)
	c.OrganizerName = "Ann +14255550123"
	w.put(c, old)
	require.Equal(t, Report{Cases: 2, Posted: 2, Elsewhere: 1}, w.run(a), "an outlet is not flooded with the past")
	require.NotContains(t, p.got[0].Headline+p.got[0].Text, "4255550123")
	c.ExposureSeconds += 600
	w.put(c)
	require.Zero(t, w.run(a).Elsewhere, "newer numbers are no news there")
	c.Score = 95
	w.put(c)
	require.Equal(t, 1, w.run(a).Elsewhere)
	c.Status = cases.StatusClosed
	w.put(c)
	require.Equal(t, 1, w.run(w.alerter(with)).Elsewhere)
	require.Zero(t, w.run(a).Elsewhere)
	var reasons []Reason
	ids := map[string]bool{}
	for _, n := range p.got {
		reasons = append(reasons, n.Reason)
		ids[n.ID] = true
	}
	require.Equal(t, []Reason{ReasonNewCase, ReasonWorsened, ReasonClosed}, reasons)
	require.Len(t, ids, 3)
}

func TestAnOutletThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := &pager{fails: errors.New("no answer")}
	with := func(o *Options) { o.Outlets = []Outlet{p} }
	a := w.alerter(with)
	w.put(caseOf("x", 80, 1))
	require.Equal(t, Report{Cases: 1, Posted: 1, Failed: 1}, w.run(a), "it is in nobody's way")
	for range 30 {
		w.clock.move(time.Hour)
		w.run(a)
		if h, err := a.Health(t.Context()); err == nil && h.Dead == 1 {
			break
		}
	}
	h, err := a.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, Health{Dead: 1, Oldest: start, Detail: "no answer"}, h)
	require.Zero(t, w.run(a).Failed, "given up")
	n, err := a.Retry(t.Context(), "cli:ann")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, 1, w.run(a).Failed, "somebody asked for it")
	w.clock.move(time.Minute)
	p.fails = nil
	worse := caseOf("x", 90, 1)
	w.put(worse)
	require.Equal(t, 1, w.run(a).Elsewhere, "news has it tried again")

	// Killed after it was sent: sent again under the same id.
	fresh := caseOf("y", 80, 1)
	fresh.OpenedAt = w.clock.now()
	w.put(fresh)
	for _, kill := range []bool{true, false} {
		j := Journal(w.journal)
		if kill {
			j = &dying{Journal: w.journal, left: 4}
		}
		_, err := w.alerter(with, func(o *Options) { o.Journal = j }).Run(t.Context())
		require.Equal(t, kill, err != nil)
		w.clock.move(2 * time.Minute)
	}
	require.Len(t, p.got, 3)
	require.Equal(t, p.got[1].ID, p.got[2].ID)
}
