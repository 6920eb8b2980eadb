package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store/journal"
)

func TestManyCasesAreDecidedForOneReason(t *testing.T) {
	d := &counter{}
	h := withDesk(t, d)
	form := url.Values{"kind": {"snoozed"}, "reason": {"audit week"}, "days": {"2"}, "case": {"c1@4", "none@1", "c1"}, "queue": {"status=active&page=2"}}
	w := send(h, "/cases/bulk", form.Encode())
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, []cases.Action{{Kind: "snoozed", Actor: "console:this machine", Reason: "audit week", Until: now.AddDate(0, 0, 2), Version: 4}}, d.acted)
	for _, part := range []string{"1 of 3 done", "Done.", "there is no such case", "which version was seen", `href="/cases?status=active"`} {
		require.Contains(t, w.Body.String(), part)
	}
	for name, change := range map[string][2]string{"a kind that is decided case by case": {"kind", "confirmed"}, "no reason": {"reason", " "}, "no days": {"days", "0"}} {
		refused := url.Values{"kind": {"snoozed"}, "reason": {"r"}, "days": {"2"}, "case": {"c1@4"}}
		refused.Set(change[0], change[1])
		require.Equal(t, http.StatusUnprocessableEntity, send(h, "/cases/bulk", refused.Encode()).Code, name)
	}
	require.Equal(t, http.StatusUnprocessableEntity, send(h, "/cases/bulk", "kind=acknowledged&reason=r").Code, "no case")
	require.Len(t, d.acted, 1)
	d.err = &journal.ConflictError{Winner: journal.Event{Actor: "slack:<bob>", Kind: "dismissed", At: now}}
	require.Contains(t, send(h, "/cases/bulk", "kind=acknowledged&reason=r&case=c1@4").Body.String(), "slack:&lt;bob&gt; was first")
}

// oneAtATime are cases that nobody may read all at once.
type oneAtATime struct {
	Cases
	mu   sync.Mutex // a page asks for several lists side by side
	most int
}

func (c *oneAtATime) Page(ctx context.Context, r cases.PageRequest) ([]cases.Case, error) {
	c.mu.Lock()
	c.most = max(c.most, r.Limit)
	c.mu.Unlock()
	return c.Cases.Page(ctx, r)
}

func (c *oneAtATime) Outlines(ctx context.Context, r cases.PageRequest) ([]cases.Case, error) {
	if r.Limit == 0 {
		return c.List(ctx, CaseFilter{})
	}
	return c.Cases.Outlines(ctx, r)
}

func (c *oneAtATime) List(context.Context, CaseFilter) ([]cases.Case, error) {
	return nil, errors.New("all cases were asked for")
}

// What was done is said on the page that follows, which is the next case's when this one is settled.
func TestADecisionLeadsOn(t *testing.T) {
	h, l, _ := withCases(t)
	first, second := openCase(t, l.log, "t", "a", 90), openCase(t, l.log, "t", "b", 80)
	do := func(id, form string) string {
		w := send(h, "/cases/"+id+"/act", form+"&version=0&reason=r")
		require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
		return w.Header().Get("Location")
	}
	require.Equal(t, "/cases/"+first+"?done=noted", do(first, "kind=noted"), "from no queue")
	require.Equal(t, "/cases/"+first+"?done=acknowledged&queue=sort%3Drisk", do(first, "kind=acknowledged&queue=sort%3Drisk"), "there may be more to do")
	on := do(first, "kind=dismissed&cause=known_event&queue=sort%3Drisk")
	require.Equal(t, "/cases/"+second+"?done=dismissed&queue=sort%3Drisk&was="+first, on)
	page := get(h, on).Body.String()
	require.Contains(t, page, `<p class="banner" role="status">Closed as a false alarm: <a href="/cases/`+first+`">`)
	require.Equal(t, "/cases/"+second+"?done=confirmed&queue=sort%3Drisk", do(second, "kind=confirmed&queue=sort%3Drisk"), "the last of the queue")
	for _, address := range []string{"?done=you+won", "?done=noted&was=c-of-nobody"} {
		require.NotContains(t, get(h, "/cases/"+second+address).Body.String(), `role="status"`, address)
	}
	// Who acknowledges has taken it, unless somebody has.
	require.Contains(t, get(h, "/cases/"+first).Body.String(), "<dt>Assigned to</dt><dd>this machine</dd>")
}

func TestTheNextCaseFollowsTheQueue(t *testing.T) {
	asked := &oneAtATime{}
	h, l, _ := withCases(t, func(o *Options) { o.Cases, asked.Cases = asked, o.Cases })
	ctx := t.Context()
	first, second := openCase(t, l.log, "t", "a", 90), openCase(t, l.log, "t", "b", 80)
	third, put, last := openCase(t, l.log, "other", "c", 70), openCase(t, l.log, "t", "d", 65), openCase(t, l.log, "t", "e", 60)
	for _, id := range []string{first, second} {
		_, err := l.log.Act(ctx, id, cases.Action{Kind: cases.KindConfirmed, Actor: "a", Reason: "r"}, now)
		require.NoError(t, err)
	}
	_, err := l.log.Act(ctx, put, cases.Action{Kind: cases.KindSnoozed, Actor: "a", Reason: "r", Until: now.Add(time.Hour)}, now)
	require.NoError(t, err)
	next := func(id, queue string) string {
		body := get(h, "/cases/"+id+"?queue="+url.QueryEscape(queue)).Body.String()
		if strings.Contains(body, "the last of this queue") {
			return ""
		}
		found := regexp.MustCompile(`href="/cases/(c-\w+)\?queue=([^"]*)" data-next`).FindStringSubmatch(body)
		require.Len(t, found, 3, body)
		back, err := url.QueryUnescape(found[2])
		require.NoError(t, err)
		require.Equal(t, placeQuery(queue).Encode(), back)
		return found[1]
	}
	require.Equal(t, third, next(first, "status=active"), "a case that has left the queue keeps its place")
	require.Equal(t, last, next(third, "status=active"), "a case that is put off is none of it")
	require.Empty(t, next(last, "status=active"))
	require.Equal(t, second, next(first, "sort=exposure&status=closed"))
	require.Equal(t, put, next(second, "status=all&tenant=t"))
	require.Equal(t, last, next(put, "tenant=t&sort=risk"))
	require.Equal(t, last, next(second, "tenant=t"), "without a status it is of those that wait")
	require.Empty(t, next(first, "q=no+such"))
	require.NotContains(t, get(h, "/cases/"+third).Body.String(), "data-next")
	require.Contains(t, get(h, "/cases/"+third+"?queue=status%3Dactive").Body.String(), `href="/cases?status=active#`+third+`" data-up`)
	require.Contains(t, get(h, "/cases/"+third+"?queue=page%3D2%26x%3Dy").Body.String(), `href="/cases?page=2#`+third+`" data-up`, "and to its page")
	require.LessOrEqual(t, asked.most, relatedAmong)
}

// The queue and the store put cases in the same order, so that the next case is the next row.
func TestTheQueueIsInTheOrderOfTheStore(t *testing.T) {
	h, l, _ := withCases(t)
	for i := range 9 {
		openCase(t, l.log, "t", fmt.Sprintf("o%d", i), 50+i%3)
	}
	for _, sort := range orders() {
		var rows, stored []string
		for _, found := range regexp.MustCompile(`<tr id="(c-\w+)"`).FindAllStringSubmatch(get(h, "/cases?sort="+sort).Body.String(), -1) {
			rows = append(rows, found[1])
		}
		for _, c := range into[casesPage](t, get(h, "/api/v1/cases?sort="+sort)).Cases {
			stored = append(stored, c.ID)
		}
		require.Len(t, rows, 9)
		require.Equal(t, stored, rows, sort)
	}
}
