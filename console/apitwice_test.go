package console

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/cases"
	"fairdial/store/journal"
	"fairdial/store/replies"
)

func keepReplies(o *Options) { o.Replies = replies.New(o.Conn.(replies.Conn), nowThen, uuid.New) }

func TestANamedRequestIsDoneOnceThoughTheDaemonStartsAnew(t *testing.T) {
	h, l, conn := withCases(t, keepReplies)
	id := openCase(t, l.log, "t", "o", 80)
	at := "/api/v1/cases/" + id
	send := func(h http.Handler, key, match, body string) *httptest.ResponseRecorder {
		return post(h, at+"/actions", body, header("If-Match", match), header("Idempotency-Key", key))
	}
	const note = `{"kind":"noted","reason":"r"}`
	first := send(h, "k1", `"1"`, note)
	require.Equal(t, http.StatusOK, first.Code, first.Body.String())
	require.Empty(t, first.Header().Get("Idempotency-Replayed"))

	anew, err := New(Options{Cases: l, Decider: world{}, Overview: world{}, Ratings: ratingWorld{}, Desk: l, Replies: replies.New(conn, nowThen, uuid.New), Now: nowThen, Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry()})
	require.NoError(t, err)
	for name, h := range map[string]http.Handler{"the same daemon": h, "one that started anew": anew} {
		second := send(h, "k1", `"1"`, note)
		require.Equal(t, http.StatusOK, second.Code, name)
		require.Equal(t, first.Body.String(), second.Body.String(), name)
		require.Equal(t, `"2"`, second.Header().Get("ETag"), name)
		require.Equal(t, "true", second.Header().Get("Idempotency-Replayed"), name)
	}
	require.Len(t, l.acted, 1, "it was done once")

	other := send(h, "k1", `"2"`, `{"kind":"noted","reason":"another"}`)
	require.Equal(t, http.StatusUnprocessableEntity, other.Code)
	require.Contains(t, other.Body.String(), "another request")
	require.Len(t, l.acted, 1)

	refused := send(h, "k2", `"1"`, note)
	require.Equal(t, http.StatusPreconditionFailed, refused.Code)
	require.Equal(t, http.StatusOK, send(h, "k2", `"2"`, note).Code, "what was refused may be sent again on the version that stands")
	require.Len(t, l.acted, 2)

	require.Equal(t, http.StatusBadRequest, send(h, strings.Repeat("k", 201), `"3"`, note).Code)
	require.Equal(t, http.StatusRequestEntityTooLarge, send(h, "k3", `"3"`, strings.Repeat("x", maxBody+1)).Code)
	bare := serve(t, world{}, new(bytes.Buffer))
	require.Equal(t, http.StatusNotImplemented, post(bare, "/api/v1/calls", `{}`, header("Idempotency-Key", "k")).Code)
}

// slow acts when it is let.
type slow struct {
	*caseLog
	entered, leave chan struct{}
}

func (s slow) Act(ctx context.Context, id string, a cases.Action) (cases.Case, error) {
	close(s.entered)
	<-s.leave
	if err := ctx.Err(); err != nil {
		return cases.Case{}, err
	}
	return s.caseLog.Act(ctx, id, a)
}

func TestANamedRequestUnderWayIsNotDoneAgainAndOutlivesItsCaller(t *testing.T) {
	s := slow{entered: make(chan struct{}), leave: make(chan struct{})}
	h, l, _ := withCases(t, keepReplies, func(o *Options) { s.caseLog = o.Desk.(*caseLog); o.Desk = s })
	id := openCase(t, l.log, "t", "o", 80)
	ask := func(ctx context.Context) *httptest.ResponseRecorder {
		return post(h, "/api/v1/cases/"+id+"/actions", `{"kind":"acknowledged"}`, header("If-Match", `"1"`), header("Idempotency-Key", "k"), func(r *http.Request) { *r = *r.WithContext(ctx) })
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan *httptest.ResponseRecorder)
	go func() { done <- ask(ctx) }()
	<-s.entered
	cancel()
	second := ask(t.Context())
	require.Equal(t, http.StatusConflict, second.Code)
	require.Contains(t, second.Body.String(), "has not ended")
	close(s.leave)
	select {
	case first := <-done:
		require.Equal(t, http.StatusOK, first.Code)
	case <-time.After(10 * time.Second):
		require.Fail(t, "the first request does not end")
	}
	require.Equal(t, http.StatusOK, ask(t.Context()).Code, "it is answered again")
}

// An answer is given again to whom it was given, as long as they see and may what they did then.
func TestAnAnswerIsGivenAgainToItsCallerAsTheyAre(t *testing.T) {
	var book *access.Book
	h, l, _ := withCases(t, keepReplies, func(o *Options) {
		var err error
		book, err = access.Open(t.Context(), journal.New(o.Conn.(journal.Conn), nowThen, uuid.New), nowThen)
		require.NoError(t, err)
		o.Access = book
	})
	ctx := t.Context()
	require.NoError(t, book.SetUp(ctx, book.SetUpToken(), "admin", password, "set-up"))
	require.NoError(t, book.AddUser(ctx, access.User{Name: "bob", Role: access.Reviewer}, password, "admin"))
	require.NoError(t, book.AddUser(ctx, access.User{Name: "eve", Role: access.Reviewer}, password, "admin"))
	id := openCase(t, l.log, "other", "o", 80)
	many := func(who string) *httptest.ResponseRecorder {
		secret, err := book.SignIn(ctx, who, password, "a", "test")
		require.NoError(t, err)
		return post(h, "/api/v1/cases/actions", `{"kind":"acknowledged","reason":"r","cases":[{"case_id":"`+id+`","version":1}]}`, header("Idempotency-Key", "k"), cookie(secret))
	}
	replayed := func(w *httptest.ResponseRecorder) bool { return w.Header().Get("Idempotency-Replayed") != "" }

	first := many("bob")
	require.Equal(t, http.StatusOK, first.Code, first.Body.String())
	require.Contains(t, first.Body.String(), `"done":1`)
	require.True(t, replayed(many("bob")), "the same person in another session")
	hers := many("eve")
	require.False(t, replayed(hers), "another person has keys of their own")
	require.Contains(t, hers.Body.String(), "api:bob was first", "and is told for themselves")

	tenants := []string{"t"}
	require.NoError(t, book.ChangeUser(ctx, "bob", access.Change{Tenants: &tenants}, "admin", "r"))
	narrowed := many("bob")
	require.False(t, replayed(narrowed), "who sees less is answered anew")
	require.Contains(t, narrowed.Body.String(), `"status":404`)
	require.Contains(t, narrowed.Body.String(), `"done":0`)
	all, approver := []string{}, access.Approver
	require.NoError(t, book.ChangeUser(ctx, "bob", access.Change{Tenants: &all}, "admin", "r"))
	require.True(t, replayed(many("bob")))
	require.NoError(t, book.ChangeUser(ctx, "bob", access.Change{Role: &approver}, "admin", "r"))
	require.False(t, replayed(many("bob")), "so is who may other things")
}

func TestASecretIsNotKept(t *testing.T) {
	require.JSONEq(t, `{"key_id":"k","secret":null}`, string(withoutSecret([]byte(`{"key_id":"k","secret":"fd_ABC"}`))))
	require.NotContains(t, string(withoutSecret([]byte(`fd_ABC`))), "fd_ABC")
}
