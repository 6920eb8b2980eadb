package rating_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// answers are what a reader is told of January, all of it.
func (w *world) answers(r *rating.Rater) map[string]string {
	w.t.Helper()
	ctx, t := context.Background(), w.t
	out := map[string]string{}
	keep := func(name string, v any, err error) {
		require.NoError(t, err, name)
		text, err := json.Marshal(v)
		require.NoError(t, err)
		out[name] = string(text)
	}
	var text bytes.Buffer
	require.NoError(t, r.Export(ctx, &text, january, []string{"a"}, rating.Cell))
	out["export"] = text.String()

	e, err := r.Explain(ctx, "a", "aJanuary")
	e.Shown, e.Notes = nil, nil
	keep("explain", e, err)
	req := rating.ReconcileRequest{Month: january, TenantID: "a"}
	rec, err := r.Reconcile(ctx, req)
	rec.Shown = nil
	keep("reconcile", rec, err)
	var records []rating.Difference
	err = r.Differences(ctx, req, rating.AllRecords, func(d rating.Difference) error { records = append(records, d); return nil })
	keep("records", records, err)
	leaks, err := r.Leaks(ctx, rating.LeakRequest{Month: january, Tenants: []string{"a"}})
	leaks[0].Shown = nil
	keep("leak", leaks, err)
	pools, err := r.Pools(ctx, rating.PoolsRequest{Month: january, Tenants: []string{"a"}, At: day(2, 1), Top: 3})
	pools[0].Shown, pools[0].DataUntil = nil, nil // how far calls are known is of today
	keep("pools", pools, err)
	var moves []rating.Movement
	err = r.PoolHistory(ctx, january, "a", "", func(m rating.Movement) error { moves = append(moves, m); return nil })
	keep("history", moves, err)
	spent, err := r.Spent(ctx, january, "a", "bob")
	spent.Shown = nil
	keep("spent", spent, err)
	return out
}

func same(t *testing.T, want, got map[string]string) {
	t.Helper()
	for name := range want {
		require.Equal(t, want[name], got[name], name)
	}
}

// What a closed month says is the same after its records, licences, tenant and rates have
// changed and it was rated again; who asks how it is rated now is told so.
func TestAClosedMonthAnswersAsItWasClosed(t *testing.T) {
	w := quarter(t)
	w.licences("a",
		held{organizer: "ann", plan: planConferencing, from: day(1, 1).AddDate(-1, 0, 0)}, held{organizer: "ann", plan: planCredits, from: day(1, 1).AddDate(-1, 0, 0)},
		held{organizer: "bob", plan: planConferencing, from: day(1, 1).AddDate(-1, 0, 0)}, held{organizer: "bob", plan: planAddon, from: day(1, 1).AddDate(-1, 0, 0)})
	w.rateSheet("USD", day(1, 1).AddDate(0, -1, 0), "49,0,0.02", "1,0,0.01")
	w.use(revision{tenant: "a", id: "us", organizer: "bob", start: day(1, 6), seconds: 60, callee: "+12125550100", country: "US", class: "geographic", capability: "MCOMEETADV", charge: "1", currency: "USD"})
	w.clock = day(5, 1)
	r := w.rater()
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	b, ctx := w.books(r), context.Background()

	open, err := b.AsClosed(ctx, []string{"a"})
	require.NoError(t, err)
	shown, err := open.Shown(ctx, january, nil)
	require.NoError(t, err)
	require.Empty(t, shown)
	before := w.answers(open)
	require.Contains(t, before["leak"], `"amount":"0.01"`)

	_, err = b.Close(ctx, closing(january, "eve"))
	require.NoError(t, err)
	closed, err := b.AsClosed(ctx, []string{"a"})
	require.NoError(t, err)
	same(t, before, w.answers(closed))
	shown, err = closed.Shown(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.Len(t, shown, 1)
	require.True(t, shown[0].Frozen)
	require.Contains(t, shown[0].Text, "closed by eve at 2026-05-01 12:00Z")
	require.Contains(t, shown[0].Text, "not been rated again")

	// Everything moves: a late record, a corrected one, licences, the sheet, the tenant.
	corrected := revision{
		tenant: "a", id: "aJanuary", number: 1, organizer: "ann", start: day(1, 5), replaces: day(1, 5), seconds: 5000, callee: "+493055550101", country: "DE", class: "geographic",
	}
	early := late("late")
	early.start = day(1, 3)
	w.use(early, corrected)
	w.licences("a", held{organizer: "ann", plan: planCredits, from: day(1, 1).AddDate(-1, 0, 0)})
	w.rateSheet("USD", day(1, 1).AddDate(0, 0, -1), "49,0,0.05", "1,0,0.09")
	w.tenant("a", "DE", true, "USD")
	w.rate(r, rating.Request{Tenants: []string{"a"}})

	closed, err = b.AsClosed(ctx, []string{"a"})
	require.NoError(t, err)
	same(t, before, w.answers(closed))
	rec, err := closed.Reconcile(ctx, rating.ReconcileRequest{Month: january, TenantID: "a"})
	require.NoError(t, err)
	require.True(t, rec.Shown.Frozen)
	require.Equal(t, uint32(2), rec.Shown.NewestSequence)
	require.Contains(t, rec.Shown.Text, "this is run 1, which it was closed with; it was rated again since (newest: run 2)")
	e, err := closed.Explain(ctx, "a", "aJanuary")
	require.NoError(t, err)
	require.Len(t, e.Notes, 1)
	require.Contains(t, e.Notes[0], "adjustment of a later month")
	e, err = closed.Explain(ctx, "a", "late")
	require.NoError(t, err)
	require.False(t, e.Rated)
	require.Contains(t, e.WhyNot, "not in what 2026-01 was closed with")

	all, err := b.Statements(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.True(t, all[0].Shown.Frozen)
	require.Equal(t, uint32(2), all[0].Shown.NewestSequence)
	all, err = b.Rated().Statements(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.Nil(t, all[0].Closed)
	require.Contains(t, all[0].Shown.Text, "rated since, and not what was closed")
	all, err = b.Rated().Statements(ctx, february, []string{"a"})
	require.NoError(t, err)
	require.Nil(t, all[0].Shown, "an open month is what it is")

	now, err := b.AsRated(ctx, nil)
	require.NoError(t, err)
	for name, answer := range w.answers(now) {
		require.NotEqual(t, before[name], answer, name)
	}
	shown, err = now.Shown(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.False(t, shown[0].Frozen)
	require.Contains(t, shown[0].Text, "with run 1: this is run 2, rated since, and not what was closed")

	// A record that has moved on to another month says that it was in the closed one.
	moved := early
	moved.number, moved.replaces, moved.start = 1, early.start, day(2, 20)
	w.use(moved)
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	e, err = closed.Explain(ctx, "a", "late")
	require.NoError(t, err)
	require.True(t, e.Rated)
	require.Equal(t, "2026-02", e.Month)
	require.Nil(t, e.Shown)
	require.Contains(t, e.Notes[0], "revision 0 of the record began in 2026-01, which eve closed at 2026-05-01")
	e, err = r.Explain(ctx, "a", "late")
	require.NoError(t, err)
	require.Empty(t, e.Notes, "who knows of no closing says nothing of one")

	// The rows that it was closed with outlive any number of ratings.
	for range 3 {
		w.rate(r, rating.Request{Tenants: []string{"a"}, Force: true})
	}
	_, err = r.Sweep(ctx)
	require.NoError(t, err)
	closed, err = b.AsClosed(ctx, []string{"a"})
	require.NoError(t, err)
	same(t, before, w.answers(closed))
}
