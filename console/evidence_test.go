package console

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

// A case is seen beside its peers, beside who called the same numbers, and on its days of the
// week.
func TestACaseStandsBesidePeersAndItsRing(t *testing.T) {
	h, l, conn := withCases(t)
	ctx := t.Context()
	// 2 February 2026 is a Monday. Of the peers the newest revisions count.
	require.NoError(t, conn.Exec(ctx, `INSERT INTO usage_revisions (tenant_id, usage_id, revision, is_conf_out, organizer_id, callee_number, started_at, ended_at, seconds, replaces_started_at) VALUES
		('t', 'm1', 0, true, 'ann', '+14255550101', '2026-02-02 09:00:00', '2026-02-02 10:00:00', 3600, 0),
		('t', 'm2', 0, true, 'ann', '+14255550102', '2026-02-02 09:30:00', '2026-02-02 10:00:00', 1800, 0),
		('t', 'p1', 0, true, 'bob', '+12065550100', '2026-02-02 11:00:00', '2026-02-02 11:10:00', 60000, 0),
		('t', 'p1', 1, true, 'bob', '+12065550100', '2026-02-02 11:00:00', '2026-02-02 11:10:00', 600, '2026-02-02 11:00:00'),
		('t', 'p2', 0, true, 'cid', '+14255550101', '2026-02-02 12:00:00', '2026-02-02 12:05:00', 300, 0),
		('other', 'r1', 0, true, 'eve', '+14255550101', '2026-02-03 12:00:00', '2026-02-03 12:05:00', 120, 0),
		('other', 'r2', 0, true, 'eve', '+14255550102', '2026-02-03 13:00:00', '2026-02-03 13:05:00', 180, 0)`))
	id := openCase(t, l.log, "t", "ann", 90)
	one := openCase(t, l.log, "t", "cid", 70)
	ring := openCase(t, l.log, "other", "eve", 60)
	page := get(h, "/cases/"+id).Body.String()
	require.Contains(t, page, "Monday 09:00: 90 min", "a week begins on Monday")
	require.Contains(t, page, `<td>Monday</td><td class="n">09:00</td><td class="n">90</td>`)
	require.Contains(t, page, `<td>2026-02-02</td><td class="n">90</td><td class="n">2</td><td class="n">0</td><td class="n">2</td><td class="n">10</td><td class="n">10</td>`, "two others, at the newest of what they used")
	require.Contains(t, page, `<td class="n" data-label="Shared numbers">2</td><td class="n" data-label="Minutes to them">5</td>`)
	require.Contains(t, page, `data-open="/cases/`+ring+`"`)
	require.Contains(t, page, "in 2 d", "the clock of a case")
	require.NotContains(t, page, "/cases/"+one, "one number is anybody's")
}

// counted counts what is read from the store, by the first words of the query.
type counted struct {
	Conn
	mu sync.Mutex
	of map[string]int
}

func (a *counted) Select(ctx context.Context, dest any, query string, args ...any) error {
	a.mu.Lock()
	a.of[strings.Join(strings.Fields(query)[1:5], " ")]++
	a.mu.Unlock()
	return a.Conn.Select(ctx, dest, query, args...)
}

// What a case is shown beside is there before anybody has asked, and is not read twice.
func TestTheFirstCaseIsPrepared(t *testing.T) {
	counting := &counted{of: map[string]int{}}
	h, l, conn := withCases(t, func(o *Options) { counting.Conn, o.Conn = o.Conn, counting })
	console, ok := h.(*Console)
	require.True(t, ok)
	require.NoError(t, console.Prepare(t.Context()), "of no cases")
	require.Empty(t, counting.of)
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO usage_revisions (tenant_id, usage_id, revision, is_conf_out, organizer_id, callee_number, started_at, ended_at, seconds) VALUES
		('t', 'm1', 0, true, 'ann', '+14255550101', '2026-02-02 09:00:00', '2026-02-02 10:00:00', 3600),
		('t', 'p1', 0, true, 'bob', '+12065550100', '2026-02-02 11:00:00', '2026-02-02 11:10:00', 600)`))
	id := openCase(t, l.log, "t", "ann", 90)
	openCase(t, l.log, "t", "bob", 70)
	beside := map[string]int{"What each organizer of": 1, "Which numbers some organizers": 1}
	read := func() map[string]int {
		found := map[string]int{}
		for words := range beside {
			found[words] = counting.of[words]
		}
		return found
	}
	require.NoError(t, console.Prepare(t.Context()))
	require.Equal(t, beside, read())
	require.NoError(t, console.Prepare(t.Context()))
	require.Equal(t, http.StatusOK, get(h, "/cases/"+id).Code)
	require.Equal(t, beside, read())
}

func TestTheQueueByWhenCasesAreDue(t *testing.T) {
	h, l, _ := withCases(t)
	openCase(t, l.log, "t", "later", 95)
	urgent, old := cases.ID("t", "urgent"), cases.ID("t", "old")
	opened := func(id, organizer string, score int, terms cases.Terms) cases.Event {
		return cases.Event{CaseID: id, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", At: now, State: cases.Case{
			ID: id, TenantID: "t", OrganizerID: organizer, Score: score, Severity: cases.SeverityCritical, Status: cases.StatusOpen, OpenedAt: now.Add(-3 * time.Hour), UpdatedAt: now,
			Findings: []cases.Finding{}, Terms: terms,
		}.Wait(now.Add(-3 * time.Hour))}
	}
	_, err := l.log.Record(t.Context(), []cases.Event{opened(urgent, "urgent", 60, cases.Terms{Critical: 3600}), opened(old, "old", 99, cases.Terms{})})
	require.NoError(t, err)
	page := get(h, "/cases?sort=due").Body.String()
	require.Regexp(t, `(?s)urgent.*overdue 2 h.*later.*in 2 d.*old.*data-label="To be taken">–<`, page)
	require.NotContains(t, get(h, "/cases/"+old).Body.String(), "To be taken by", "nothing was promised")
	listed := into[struct {
		Cases []struct {
			ID  string    `json:"case_id"`
			Due time.Time `json:"due_at"`
		}
	}](t, get(h, "/api/v1/cases?sort=due")).Cases
	require.Equal(t, urgent, listed[0].ID)
	require.Equal(t, now.Add(-2*time.Hour), listed[0].Due)
	require.Equal(t, old, listed[2].ID)
	require.Zero(t, listed[2].Due)
}

func TestARingIsMergedOnThePageOfACase(t *testing.T) {
	h, l, conn := withCases(t)
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO usage_revisions (tenant_id, usage_id, revision, is_conf_out, organizer_id, callee_number, started_at, ended_at, seconds, replaces_started_at) VALUES
		('t', 'a1', 0, true, 'ann', '+14255550101', '2026-02-02 09:00:00', '2026-02-02 10:00:00', 3600, 0),
		('t', 'a2', 0, true, 'ann', '+14255550102', '2026-02-02 09:30:00', '2026-02-02 10:00:00', 1800, 0),
		('t', 'b1', 0, true, 'bob', '+14255550101', '2026-02-02 11:00:00', '2026-02-02 11:10:00', 600, 0),
		('t', 'b2', 0, true, 'bob', '+14255550102', '2026-02-02 12:00:00', '2026-02-02 12:05:00', 300, 0),
		('other', 'e1', 0, true, 'eve', '+14255550101', '2026-02-03 12:00:00', '2026-02-03 12:05:00', 120, 0),
		('other', 'e2', 0, true, 'eve', '+14255550102', '2026-02-03 13:00:00', '2026-02-03 13:05:00', 180, 0)`))
	ann, bob, eve := openCase(t, l.log, "t", "ann", 90), openCase(t, l.log, "t", "bob", 70), openCase(t, l.log, "other", "eve", 60)
	page := get(h, "/cases/"+ann).Body.String()
	require.Contains(t, page, `name="case" value="`+bob+`"`)
	require.NotContains(t, page, `name="case" value="`+eve+`"`, "a ring is of one tenant")

	require.Equal(t, http.StatusSeeOther, send(h, "/cases/"+ann+"/act", "kind=merged&version=1&reason=same+numbers&case="+bob).Code)
	page = get(h, "/cases/"+ann).Body.String()
	require.Contains(t, page, `A ring of 2 organizers: <a href="/organizers/t/ann">ann</a>, <a href="/organizers/t/bob">bob</a>`)
	require.NotContains(t, page, `name="case"`, "nobody is left to merge")
	member := get(h, "/cases/"+bob).Body.String()
	require.Contains(t, member, `<a href="/cases/`+ann+`">case of a ring</a>`)
	require.NotContains(t, member, `value="dismissed"`)
	require.NotContains(t, get(h, "/cases?status=active").Body.String(), "/cases/"+bob, "a ring waits once")

	require.Equal(t, http.StatusSeeOther, send(h, "/cases/"+bob+"/act", "kind=left&version=2&reason=a+colleague").Code)
	require.Contains(t, get(h, "/cases/"+bob).Body.String(), `value="dismissed"`)
}
