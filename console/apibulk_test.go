package console

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

func TestManyCasesAreDecidedThroughTheAPI(t *testing.T) {
	h, l, _ := withCases(t, keepReplies)
	one, two := openCase(t, l.log, "t", "one", 70), openCase(t, l.log, "t", "two", 60)
	_, err := l.log.Act(t.Context(), two, cases.Action{Kind: cases.KindNoted, Actor: "slack:bob", Reason: "looking"}, now)
	require.NoError(t, err)
	type answer struct {
		Done    int
		Results []bulkResult
	}
	body := fmt.Sprintf(`{"kind":"acknowledged","reason":"the morning's round","cases":[{"case_id":%q,"version":1},{"case_id":%q,"version":1},{"case_id":"c-none","version":1}]}`, one, two)
	named := header("Idempotency-Key", "round-1")
	w := post(h, "/api/v1/cases/actions", body, named)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	got := into[answer](t, w)
	require.Equal(t, 1, got.Done)
	require.Equal(t, []int{200, 409, 404}, []int{got.Results[0].Status, got.Results[1].Status, got.Results[2].Status})
	require.Equal(t, 2, *got.Results[0].Version)
	require.Equal(t, "slack:bob", got.Results[1].Winner.Actor, "who was first")
	require.Equal(t, 2, *got.Results[1].Version)
	require.Nil(t, got.Results[2].Version)

	again := post(h, "/api/v1/cases/actions", body, named)
	require.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	require.Equal(t, w.Body.String(), again.Body.String())
	events, err := l.log.History(t.Context(), one)
	require.NoError(t, err)
	require.Len(t, events, 2, "done once")
	require.Equal(t, "the morning's round", events[1].Reason)

	until := now.Add(48 * time.Hour).Format(time.RFC3339)
	w = post(h, "/api/v1/cases/actions", fmt.Sprintf(`{"kind":"snoozed","reason":"r","until":%q,"cases":[{"case_id":%q,"version":2}]}`, until, one))
	require.Equal(t, 1, into[answer](t, w).Done, w.Body.String())
	c, err := l.log.Get(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, until, c.SnoozedUntil.Format(time.RFC3339))
	for name, body := range map[string]string{
		"what is decided case by case": `{"kind":"confirmed","reason":"r","cases":[{"case_id":"c","version":1}]}`,
		"no cause":                     `{"kind":"dismissed","reason":"r","cases":[{"case_id":"c","version":1}]}`,
		"a cause that there is not":    `{"kind":"dismissed","reason":"r","cause":"boredom","cases":[{"case_id":"c","version":1}]}`,
		"a cause of what has none":     `{"kind":"acknowledged","reason":"r","cause":"other","cases":[{"case_id":"c","version":1}]}`,
		"no reason":                    `{"kind":"dismissed","cause":"other","reason":" ","cases":[{"case_id":"c","version":1}]}`,
		"no case":                      `{"kind":"dismissed","cause":"other","reason":"r","cases":[]}`,
		"no version":                   `{"kind":"dismissed","cause":"other","reason":"r","cases":[{"case_id":"c"}]}`,
		"no end":                       `{"kind":"snoozed","reason":"r","cases":[{"case_id":"c","version":1}]}`,
		"nobody":                       `{"kind":"assigned","reason":"r","cases":[{"case_id":"c","version":1}]}`,
	} {
		require.Equal(t, http.StatusUnprocessableEntity, post(h, "/api/v1/cases/actions", body).Code, name)
	}
}
