package alerting

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mailbox is an outlet that people read.
type mailbox struct{ pager }

func (*mailbox) Name() string { return "mail" }

func (*mailbox) Gathers() {}

// distinct are the messages of a mailbox as a mail program shows them: the same id is one.
func (m *mailbox) distinct() map[string]News {
	out := map[string]News{}
	for _, n := range m.got {
		out[n.ID] = n
	}
	return out
}

// A storm is one mail, and what comes within its window the next one; whatever dies in
// between, each case is told by one of them.
func TestAStormIsOneMail(t *testing.T) {
	t.Parallel()
	for left := 1; left <= 3; left++ {
		for _, after := range []bool{false, true} {
			w := newWorld(t)
			m, p := &mailbox{}, &pager{}
			with := func(o *Options) { o.Outlets = []Outlet{m} }
			w.put(storm(0, 8)...)
			_, err := w.alerter(stormy, with, func(o *Options) {
				o.Sender = nil // so that the writes are the outlets'
				o.Journal = &dying{Journal: w.journal, batches: true, left: 8 + left, after: after}
			}).Run(t.Context())
			if err != nil {
				require.ErrorIs(t, err, errKilled)
			}
			w.clock.move(2 * time.Minute)
			a := w.alerter(stormy, with, func(o *Options) { o.Sender = nil })
			w.run(a)
			require.Len(t, m.distinct(), 1, "killed at write %d", left)
			require.Equal(t, ReasonStorm, m.got[0].Reason)
			require.Equal(t, "Storm · 8 new cases", m.got[0].Headline)
			require.NotRegexp(t, `1425555\d{4}`, m.got[0].Text)
			if left < 3 || after {
				continue
			}
			a = w.alerter(stormy, func(o *Options) { o.Sender, o.Outlets = nil, []Outlet{m, p} })
			w.run(a)
			require.Len(t, p.got, 8, "a machine hears of each")
			w.put(storm(8, 3)...)
			require.Equal(t, 3, w.run(a).Deferred, "within the window nothing is added to the flood")
			w.clock.move(10 * time.Minute)
			w.run(a)
			require.Len(t, m.distinct(), 4, "three are no storm")
			worse := storm(0, 1)
			worse[0].Score = 99
			w.put(worse...)
			w.run(a)
			require.Len(t, m.distinct(), 5)
			require.Equal(t, ReasonWorsened, m.got[len(m.got)-1].Reason)
			w.clock.move(time.Hour)
			require.Zero(t, w.run(a).Elsewhere)
		}
	}
}

// A storm's mail that does not get through is tried again, and an alarm after a day.
func TestAStormsMailThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := &mailbox{pager{fails: errors.New("the mail server does not take it")}}
	a := w.alerter(stormy, func(o *Options) { o.Sender, o.Outlets = nil, []Outlet{m} })
	w.put(storm(0, 8)...)
	for range 4 {
		w.run(a)
		w.clock.move(9 * time.Hour)
	}
	h, err := a.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, h.Dead, "%+v", h)
	require.Contains(t, h.Detail, "mail server")
	m.fails = nil
	require.Equal(t, 1, w.run(a).Elsewhere)
	require.Len(t, m.got, 1)
	h, err = a.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, Health{}, h)
}
