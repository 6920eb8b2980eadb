package cases_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestPagesHoldEveryCaseOnceInTheOrderAskedFor(t *testing.T) {
	t.Parallel()
	conn := storetest.Open(t)
	log, pages := cases.NewLog(journal.New(conn, time.Now, uuid.New)), cases.NewPages(conn)
	var events []cases.Event
	for i := range 23 {
		e := opened(fmt.Sprintf("o%02d", i), 50+i%4)
		e.State.ExposureSeconds = int64(i % 3 * 60)
		e.State.OpenedAt = now.Add(time.Duration(i*7%23) * time.Hour)
		if i%3 > 0 { // the others have no clock
			e.State.DueAt = now.Add(time.Duration(i*5%23) * time.Hour)
		}
		if i%2 == 0 {
			e.State.Assignee = "Ann"
		}
		events = append(events, e)
	}
	other := opened("z", 99)
	other.CaseID, other.State.ID, other.State.TenantID = cases.ID("t2", "z"), cases.ID("t2", "z"), "t2"
	lost, err := log.Record(t.Context(), append(events, other))
	require.NoError(t, err)
	require.Empty(t, lost)
	closed, err := log.Act(t.Context(), cases.ID("t1", "o00"), cases.Action{Kind: cases.KindConfirmed, Actor: "a", Reason: "r"}, now)
	require.NoError(t, err)

	put, err := log.Act(t.Context(), cases.ID("t1", "o01"), cases.Action{Kind: cases.KindSnoozed, Actor: "a", Reason: "r", Until: now.Add(time.Hour)}, now)
	require.NoError(t, err)
	require.True(t, put.SnoozedUntil.Equal(now.Add(time.Hour)))

	for by, before := range map[cases.Order]func(a, b cases.Case) bool{
		cases.ByRisk:     func(a, b cases.Case) bool { return a.Score >= b.Score },
		cases.ByExposure: func(a, b cases.Case) bool { return a.ExposureSeconds >= b.ExposureSeconds },
		cases.ByDue:      func(a, b cases.Case) bool { return b.DueAt.IsZero() || !a.DueAt.IsZero() && !a.DueAt.After(b.DueAt) },
		cases.ByAge:      func(a, b cases.Case) bool { return !a.OpenedAt.After(b.OpenedAt) },
	} {
		seen := map[string]bool{}
		var all []cases.Case
		req := cases.PageRequest{Tenants: []string{"t1"}, By: by, Limit: 5}
		for {
			page, err := pages.Page(t.Context(), req)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), 5)
			if len(page) == 0 {
				break
			}
			for _, c := range page {
				require.False(t, seen[c.ID], "%s: %s twice", by, c.ID)
				seen[c.ID] = true
			}
			all = append(all, page...)
			req.After = cases.MarkOf(page[len(page)-1], by)
		}
		require.Len(t, all, 23, by)
		for i := range all[1:] {
			require.True(t, before(all[i], all[i+1]), "%s, place %d", by, i)
		}
	}
	for name, c := range map[string]struct {
		req  cases.PageRequest
		want int
	}{
		"all tenants":      {cases.PageRequest{}, 24},
		"open":             {cases.PageRequest{Tenants: []string{"t1"}, Status: cases.StatusOpen}, 22},
		"closed":           {cases.PageRequest{Status: cases.StatusClosed}, 1},
		"high":             {cases.PageRequest{MinScore: 53}, 6},
		"of one":           {cases.PageRequest{OrganizerID: "o05"}, 1},
		"of nobody":        {cases.PageRequest{Assignee: "none"}, 12},
		"somebody's":       {cases.PageRequest{Assignee: "ann"}, 12},
		"with a word":      {cases.PageRequest{Text: "O1"}, 10},
		"of no severity":   {cases.PageRequest{Severity: cases.SeverityWarning}, 0},
		"that wait":        {cases.PageRequest{Active: now}, 22},
		"that wait later":  {cases.PageRequest{Active: now.Add(time.Hour)}, 23},
		"of nobody's name": {cases.PageRequest{Text: "' OR 1=1"}, 0},
	} {
		c.req.Limit = 100
		page, err := pages.Page(t.Context(), c.req)
		require.NoError(t, err, name)
		require.Len(t, page, c.want, name)
	}
	page, err := pages.Page(t.Context(), cases.PageRequest{Status: cases.StatusClosed, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, text(t, closed), text(t, page[0]), "a case is as it stands")
}

func TestPagesShowWhatAnybodyWroteSince(t *testing.T) {
	t.Parallel()
	conn := storetest.Open(t)
	log, pages := cases.NewLog(journal.New(conn, time.Now, uuid.New)), cases.NewPages(conn)
	write := func(events ...cases.Event) int {
		lost, err := log.Record(t.Context(), events)
		require.NoError(t, err)
		return len(lost)
	}
	scores := func() (out []int) {
		page, err := pages.Page(t.Context(), cases.PageRequest{Limit: 10})
		require.NoError(t, err)
		outlines, err := pages.Outlines(t.Context(), cases.PageRequest{})
		require.NoError(t, err)
		listed, err := log.List(t.Context(), cases.Filter{})
		require.NoError(t, err)
		require.Len(t, page, len(listed))
		for i := range listed {
			require.Equal(t, text(t, listed[i]), text(t, page[i]), "a page is what the log says")
		}
		for i, o := range outlines {
			require.Equal(t, page[i].Version, o.Version)
			require.True(t, page[i].OpenedAt.Equal(o.OpenedAt))
			require.Empty(t, o.Findings)
			require.Len(t, o.Closings, len(page[i].Closings))
			out = append(out, o.Score)
		}
		return out
	}
	require.Empty(t, scores())
	first := opened("a", 50)
	write(first, opened("b", 40))
	require.Equal(t, []int{50, 40}, scores())
	raised := opened("b", 90)
	raised.Version = 2
	write(raised)
	require.Equal(t, []int{90, 50}, scores())
	late := opened("b", 10) // somebody else took the version
	late.Version = 2
	require.Equal(t, 1, write(late))
	require.Equal(t, []int{90, 50}, scores())
	_, err := log.Act(t.Context(), first.CaseID, cases.Action{Kind: cases.KindConfirmed, Actor: "a", Reason: "r"}, now)
	require.NoError(t, err)
	require.Equal(t, []int{90, 50}, scores())
	closed, err := pages.Outlines(t.Context(), cases.PageRequest{Status: cases.StatusClosed})
	require.NoError(t, err)
	require.Len(t, closed, 1)
	require.Equal(t, cases.OutcomeConfirmed, closed[0].Outcome)
}

func TestARingWaitsForSomebodyOnce(t *testing.T) {
	t.Parallel()
	conn := storetest.Open(t)
	log, pages := cases.NewLog(journal.New(conn, time.Now, uuid.New)), cases.NewPages(conn)
	lost, err := log.Record(t.Context(), []cases.Event{opened("a", 60), opened("b", 90), opened("c", 70)})
	require.NoError(t, err)
	require.Empty(t, lost)
	_, err = log.Act(t.Context(), cases.ID("t1", "a"), cases.Action{Kind: cases.KindMerged, Actor: "ann", Reason: "r", Cases: []string{cases.ID("t1", "b")}}, now)
	require.NoError(t, err)
	waiting, err := pages.Outlines(t.Context(), cases.PageRequest{Active: now})
	require.NoError(t, err)
	require.Len(t, waiting, 2)
	require.Equal(t, "c", waiting[0].OrganizerID)
	require.Equal(t, []string{"a", "b"}, waiting[1].Members)
	all, err := pages.Outlines(t.Context(), cases.PageRequest{})
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, cases.ID("t1", "a"), all[0].RingCase)
}
