package console

import (
	"bytes"
	"net/http"
	"net/url"
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

func TestTheNextCaseFollowsTheQueue(t *testing.T) {
	all := []cases.Case{
		{ID: "c1", Status: cases.StatusClosed, Score: 90, OpenedAt: now},
		{ID: "c2", Status: cases.StatusClosed, Score: 80, OpenedAt: now},
		{ID: "c3", Status: cases.StatusOpen, Score: 70, OpenedAt: now.Add(-time.Hour), TenantID: "other"},
		{ID: "c4", Status: cases.StatusOpen, Score: 60, OpenedAt: now},
	}
	open := queueFilter{Status: "active"}
	require.Equal(t, "c3", open.next(all, "c1", now), "a case that has left the queue keeps its place")
	require.Equal(t, "c4", open.next(all, "c3", now))
	require.Empty(t, open.next(all, "c4", now))
	require.Equal(t, "c1", queueFilter{Sort: "age"}.next(all, "c3", now))
	h := serve(t, world{list: all}, new(bytes.Buffer))
	require.Contains(t, get(h, "/cases?status=active").Body.String(), `href="/cases/c3?queue=status%3Dactive"`)
	page := get(h, "/cases/c3?queue=status%3Dactive").Body.String()
	require.Contains(t, page, `href="/cases/c4?queue=status%3Dactive" data-next`)
	require.Contains(t, page, `href="/cases?status=active" data-up`)
	require.NotContains(t, get(h, "/cases/c3").Body.String(), "data-next")
	require.Contains(t, get(h, "/cases/c4?queue=").Body.String(), "the last of this queue")
}
