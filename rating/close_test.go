package rating_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/rules/plan"
	"fairdial/store/journal"
	"fairdial/usage"
)

var (
	january = usage.Month{Year: 2026, Month: time.January}
	march   = usage.Month{Year: 2026, Month: time.March}
)

func closing(month usage.Month, actor string) rating.CloseRequest {
	return rating.CloseRequest{Month: month, TenantID: "a", Actor: actor}
}

// closable is a quarter that is rated, in May.
func closable(t *testing.T) (*world, *rating.Rater, *rating.Books) {
	w := quarter(t)
	w.clock = day(5, 1)
	r := w.rater()
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	return w, r, w.books(r)
}

func (w *world) statement(b *rating.Books, m usage.Month) rating.Statement {
	w.t.Helper()
	all, err := b.Statements(context.Background(), m, []string{"a"})
	require.NoError(w.t, err)
	require.Len(w.t, all, 1)
	return all[0]
}

// csvOf is a statement as finance gets it, with all its entries.
func (w *world) csvOf(b *rating.Books, m usage.Month) string {
	w.t.Helper()
	s := w.statement(b, m)
	var out bytes.Buffer
	require.NoError(w.t, rating.WriteStatementsCSV(&out, []rating.Statement{s}))
	require.NoError(w.t, b.Entries(context.Background(), []rating.Statement{s}, func(e rating.Entry) error {
		out.WriteString(strings.Join([]string{e.OfMonth, e.OrganizerID, e.Bucket, e.Currency, e.Amount.String(), time.Duration(e.Seconds).String()}, " ") + "\n")
		return nil
	}))
	return out.String()
}

// late is a call of January that arrives after it was closed; 100 seconds at 0.02.
func late(id string) revision {
	return revision{tenant: "a", id: id, organizer: "ann", start: day(1, 20), seconds: 100, country: "DE", class: "geographic", callee: "+493055550101"}
}

func TestAMonthIsNotClosedWhileItMayChange(t *testing.T) {
	w, r, b := closable(t)
	ctx := context.Background()
	var notReady *rating.NotReadyError

	w.clock = time.Date(2026, 2, 3, 23, 59, 0, 0, time.UTC) // 72 h after the end is on the 4th
	_, err := b.Close(ctx, closing(january, "fin"))
	require.ErrorAs(t, err, &notReady)
	require.Len(t, notReady.Because, 1)
	require.Contains(t, notReady.Because[0], "2026-02-04 00:00Z")
	w.clock = time.Date(2026, 2, 4, 0, 0, 0, 0, time.UTC)

	w.insert("quarantine (rejection_id, tenant_id, reason, raw)",
		[]any{uuid.New(), "a", "row", "x,2026-03-05T12:00:00Z,broken"}, // another month
		[]any{uuid.New(), "b", "row", "x,2026-01-05T12:00:00Z,broken"}) // another tenant
	mine, undated := uuid.New(), uuid.New()
	w.insert("quarantine (rejection_id, tenant_id, reason, raw)",
		[]any{mine, "a", "row", "x,2026-01-31T23:00:00Z,broken"}, []any{undated, "a", "row", "no date"})
	w.use(late("late"))
	_, err = b.Close(ctx, closing(january, "fin"))
	require.ErrorAs(t, err, &notReady)
	require.Len(t, notReady.Because, 2)
	require.Contains(t, notReady.Because[0], "2 rejected rows")
	require.Contains(t, notReady.Because[1], "fairdial rate")
	all, err := b.Statements(ctx, january, nil)
	require.NoError(t, err)
	told, err := b.Obstacles(ctx, january, all)
	require.NoError(t, err)
	require.Equal(t, notReady.Obstacles, told["a"][:2], "what it fails by is told before")
	require.Equal(t, rating.Obstacle{Code: rating.ObstacleUnsigned, Text: "nobody signed its reconciliation"}, told["a"][2])
	for _, o := range told["a"] {
		require.NotContains(t, o.Text, "fairdial")
	}
	require.NotContains(t, told, "c")

	forced := closing(january, "fin")
	forced.Force = true
	_, err = b.Close(ctx, forced)
	require.ErrorIs(t, err, rating.ErrNoReason)
	_, err = b.Close(ctx, rating.CloseRequest{Month: january, TenantID: "a"})
	require.ErrorIs(t, err, journal.ErrNoActor)

	w.rate(r, rating.Request{Tenants: []string{"a"}})
	j := journal.New(w.s, w.tick, uuid.New)
	for _, id := range []uuid.UUID{mine, undated} {
		require.NoError(t, j.Append(ctx, journal.Event{Stream: "quarantine", Subject: id.String(), Version: 1, Kind: "dismissed", Actor: "x"}))
	}
	c, err := b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	require.Empty(t, c.Forced)
	require.Len(t, c.SHA256, 64)

	_, err = b.Close(ctx, closing(usage.Month{Year: 2025, Month: 6}, "fin"))
	require.ErrorIs(t, err, rating.ErrNotRated)
}

func TestWhatSpokeAgainstClosingIsKept(t *testing.T) {
	w, _, b := closable(t)
	w.use(late("late"))
	req := closing(january, "fin")
	req.Force, req.Reason = true, "the auditors wait"
	_, err := b.Close(context.Background(), req)
	require.NoError(t, err)
	list, err := b.Closings(context.Background(), usage.Month{}, nil)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, []string{"usage or licences changed since it was rated"}, list[0].Forced)
	require.Equal(t, "the auditors wait", list[0].Reason)
}

// A late record and a correction leave the closed month as it was. What they change is in
// the next open month, once: by organizer, bucket and currency.
func TestWhatComesAfterClosingIsAnAdjustment(t *testing.T) {
	w, r, b := closable(t)
	ctx := context.Background()
	before := w.csvOf(b, january)
	_, err := b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	require.Equal(t, before, w.csvOf(b, january), "closing changes nothing")
	require.Empty(t, w.statement(b, february).Adjustments)

	w.use(late("late"))
	require.Empty(t, w.statement(b, february).Adjustments, "it is not rated yet")
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	require.Equal(t, before, w.csvOf(b, january))
	rerated, err := b.Rated().Statements(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.Equal(t, uint64(4100), rerated[0].Seconds, "what the month would say now stays readable")

	s := w.statement(b, february)
	require.Equal(t, uint64(4000), s.Seconds, "adjustments are not in the totals")
	require.Len(t, s.Adjustments, 1)
	a := s.Adjustments[0]
	require.Equal(t, []any{"2026-01", "ann", "credits", "USD", int64(100), int64(1)}, []any{a.OfMonth, a.OrganizerID, a.Bucket, a.Currency, a.Seconds, a.Calls})
	require.Equal(t, "0.034", a.Amount.String(), "17 tenths of a minute")
	require.Equal(t, w.statement(b, january).Closed.CloseID, a.CloseID)
	require.Contains(t, w.csvOf(b, february), "2026-02,a,Tenant a,credits,adjustment,,,1,1,100,17,0.034,USD,0,0,2026-01,"+a.CloseID.String()+"\n")
	require.Empty(t, w.statement(b, march).Adjustments, "once")

	// February takes it along, and March what comes after that.
	_, err = b.Close(ctx, closing(february, "fin"))
	require.NoError(t, err)
	require.Equal(t, s.Adjustments, w.statement(b, february).Adjustments)
	require.Empty(t, w.statement(b, march).Adjustments)

	w.use(revision{
		tenant: "a", id: "late", number: 1, organizer: "ann", start: day(1, 20), replaces: day(1, 20), seconds: 40,
		country: "DE", class: "geographic", callee: "+493055550101",
	})
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	s = w.statement(b, march)
	require.Len(t, s.Adjustments, 1)
	require.Equal(t, int64(-60), s.Adjustments[0].Seconds)
	require.Equal(t, "-0.02", s.Adjustments[0].Amount.String(), "7 tenths of a minute are left of 17")
	require.Zero(t, s.Adjustments[0].Calls)

	// All that was billed of January is what January says now.
	billed := decimal.Zero
	for _, m := range []usage.Month{january, february, march} {
		require.NoError(t, b.Entries(ctx, []rating.Statement{w.statement(b, m)}, func(e rating.Entry) error {
			if e.OfMonth == "2026-01" {
				billed = billed.Add(*e.Amount)
			}
			return nil
		}))
	}
	rerated, err = b.Rated().Statements(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.True(t, rerated[0].Buckets[2].Amounts[0].Amount.Equal(billed))
	verified(t, b, true)
}

// An adjustment does not wait for usage in the month that takes it.
func TestAdjustmentsInAMonthWithoutUsage(t *testing.T) {
	w, r, b := closable(t)
	for _, m := range []usage.Month{january, february, march} {
		_, err := b.Close(context.Background(), closing(m, "fin"))
		require.NoError(t, err)
	}
	w.use(late("late"))
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	s := w.statement(b, march.Next())
	require.Len(t, s.Adjustments, 1)
	require.Equal(t, "Tenant a", s.TenantName)
	require.NotEmpty(t, s.PlanVersion)
	require.Equal(t, w.statement(b, march).Pools[0].Licences, s.Pools[0].Licences)

	// It is closed like any other, and stays so.
	w.clock = day(6, 20)
	c, err := b.Close(context.Background(), closing(march.Next(), "fin"))
	require.NoError(t, err)
	require.Equal(t, 1, c.Rows)
	require.Equal(t, s.Adjustments, w.statement(b, march.Next()).Adjustments)
	next, err := b.Statements(context.Background(), march.Next().Next(), nil)
	require.NoError(t, err)
	require.Empty(t, next, "what was put right once is not put right again")
	verified(t, b, true)
}

func verified(t *testing.T, b *rating.Books, ok bool) {
	t.Helper()
	all, err := b.Verify(context.Background(), usage.Month{}, nil)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, v := range all {
		require.Equal(t, ok, v.OK, v.Problems)
	}
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	w, _, b := closable(t)
	ctx := context.Background()
	_, err := b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	verified(t, b, true)
	require.NoError(t, w.s.Exec(ctx, "ALTER TABLE closed_rows UPDATE amount = amount - 1 WHERE bucket = 'credits' SETTINGS mutations_sync = 2"))
	verified(t, b, false)
}

// Of two who close at once one does, and the other is told who.
func TestTwoCloseAtOnce(t *testing.T) {
	w, r, _ := closable(t)
	type outcome struct {
		c   rating.Closing
		err error
	}
	done := make(chan outcome, 2)
	start := make(chan struct{})
	for _, who := range []string{"fin", "ops"} {
		at := day(5, 2)
		own, err := rating.New(rating.Options{Conn: w.s, Plan: plan.Default(), Identities: addonIdentity, Now: func() time.Time { return at }})
		require.NoError(t, err)
		b := rating.NewBooks(own, journal.New(w.s, func() time.Time { return at }, uuid.New), 72*time.Hour)
		go func() {
			<-start
			c, err := b.Close(context.Background(), closing(january, who))
			done <- outcome{c, err}
		}()
	}
	close(start)
	first, second := <-done, <-done
	if first.err != nil {
		first, second = second, first
	}
	require.NoError(t, first.err)
	require.ErrorIs(t, second.err, rating.ErrAlreadyClosed)
	require.ErrorContains(t, second.err, first.c.Actor)
	b := w.books(r)
	verified(t, b, true)

	w.clock = w.clock.Add(48 * time.Hour)
	_, err := r.Sweep(context.Background())
	require.NoError(t, err)
	require.Equal(t, uint64(1), w.count("SELECT uniqExact(close_id) FROM closed_rows"), "what the loser wrote is removed")
	verified(t, b, true)
}

func TestClosedByTheRunItWasClosedWithStaysReadable(t *testing.T) {
	w, r, b := closable(t)
	c, err := b.Close(context.Background(), closing(january, "fin"))
	require.NoError(t, err)
	for range 4 {
		w.rate(r, rating.Request{Force: true, Tenants: []string{"a"}, Months: []usage.Month{january}})
	}
	_, err = r.Sweep(context.Background())
	require.NoError(t, err)
	require.Positive(t, w.count("SELECT count() FROM rating_rows WHERE run_id = ?", c.RunID))
	require.Empty(t, w.statement(b, february).Adjustments, "the same usage rated again is no difference")
}

// Killed between the rows and the event, a month is open, and closing again closes it.
func TestKilledWhileClosing(t *testing.T) {
	w, _, calm := closable(t)
	want := w.csvOf(calm, january)
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			conn := &dying{Conn: w.s, at: at, after: after}
			dead, err := rating.New(rating.Options{Conn: conn, Plan: plan.Default(), Identities: addonIdentity, Now: w.tick})
			require.NoError(t, err)
			_, err = rating.NewBooks(dead, journal.New(conn, w.tick, uuid.New), 72*time.Hour).Close(context.Background(), closing(january, "fin"))
			if err == nil {
				require.Equal(t, 3, at, "rows, then the event")
				break
			}
			require.ErrorIs(t, err, errKilled)
			open := w.statement(calm, january).Closed == nil
			require.Equal(t, !after || at != 2, open, "killed at %d", at)
			_, err = calm.Close(context.Background(), closing(january, "fin"))
			if open {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, rating.ErrAlreadyClosed)
			}
			require.Equal(t, want, w.csvOf(calm, january))
			_, err = calm.Reopen(context.Background(), january, "a", "boss", "", "again")
			require.NoError(t, err)
		}
		_, err := calm.Reopen(context.Background(), january, "a", "boss", "", "again")
		require.NoError(t, err)
	}
}

func TestAnotherPersonOpensAMonthAgain(t *testing.T) {
	w, r, b := closable(t)
	ctx := context.Background()
	_, err := b.Reopen(ctx, january, "a", "boss", "", "why not")
	require.ErrorIs(t, err, rating.ErrNotClosed)
	_, err = b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	_, err = b.Close(ctx, closing(january, "boss"))
	require.ErrorIs(t, err, rating.ErrAlreadyClosed)

	for _, same := range []string{"fin", "Fin", "fin ", " fin", "ｆｉｎ", "console:fin", "cli:FIN"} {
		_, err = b.Reopen(ctx, january, "a", same, "", "I was wrong")
		require.ErrorIs(t, err, rating.ErrSamePerson, same)
	}
	for _, hidden := range []string{"fin\u200b", "fi\u00adn", "\u202efin", "fin\x00", "fin\ufe0f"} {
		_, err = b.Reopen(ctx, january, "a", hidden, "", "I was wrong")
		require.ErrorIs(t, err, journal.ErrHiddenName, "%q", hidden)
	}
	_, err = b.Reopen(ctx, january, "a", " ", "", "I was wrong")
	require.ErrorIs(t, err, journal.ErrNoActor)
	require.ErrorIs(t, b.MayReopen(ctx, january, "a", "console:fin"), rating.ErrSamePerson)
	_, err = b.Reopen(ctx, january, "a", "boss", "", "")
	require.ErrorIs(t, err, rating.ErrNoReason)
	b.Apart(func(_ context.Context, first, second string, asked time.Time) error {
		require.Equal(t, "fin", first)
		require.False(t, asked.IsZero())
		if second == "puppet" {
			return &journal.OneHandError{First: first, Second: second, Because: []string{"fin made the account of puppet"}}
		}
		return nil
	})
	_, err = b.Reopen(ctx, january, "a", "puppet", "", "I was wrong")
	require.ErrorIs(t, err, rating.ErrSamePerson)
	require.ErrorContains(t, err, "fin made the account of puppet")

	w.use(late("late"))
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	_, err = b.Close(ctx, closing(february, "fin"))
	require.NoError(t, err)
	_, err = b.Reopen(ctx, january, "a", "boss", "", "a call was missing")
	require.ErrorContains(t, err, "reopen 2026-02 first")
	_, err = b.Reopen(ctx, february, "a", "boss", "", "january first")
	require.NoError(t, err)
	_, err = b.Reopen(ctx, january, "a", "boss", "", "a call was missing")
	require.NoError(t, err)
	again := w.statement(b, january)
	require.Equal(t, uint64(4100), again.Seconds)
	require.Equal(t, []string{"boss", "a call was missing", "fin"}, []string{again.Reopened.By, again.Reopened.Reason, again.Reopened.ClosedBy})
	require.False(t, again.Reopened.ClosedAt.After(again.Reopened.At))
	require.Empty(t, w.statement(b, february).Adjustments)
	_, err = b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	require.Nil(t, w.statement(b, january).Reopened)
	require.Empty(t, w.statement(b, february).Adjustments)
	verified(t, b, true)

	history, err := journal.New(w.s, w.tick, uuid.New).History(ctx, rating.CloseStream, "2026-01/a")
	require.NoError(t, err)
	require.Len(t, history, 3)
	require.Equal(t, "a call was missing", history[1].Reason)
}

// What came late for a closed month is an adjustment of the next one that is open: that one is
// not closed before it is rated.
func TestAMonthIsNotClosedBeforeItsAdjustmentsAreKnown(t *testing.T) {
	w, r, b := closable(t)
	ctx := context.Background()
	_, err := b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	w.use(late("late"))
	_, err = b.Close(ctx, closing(february, "fin"))
	var notReady *rating.NotReadyError
	require.ErrorAs(t, err, &notReady)
	require.Len(t, notReady.Because, 1)
	require.Contains(t, notReady.Because[0], "fairdial rate --month 2026-01")

	w.rate(r, rating.Request{Tenants: []string{"a"}})
	_, err = b.Close(ctx, closing(february, "fin"))
	require.NoError(t, err)
	require.NotEmpty(t, w.statement(b, february).Adjustments)
}
