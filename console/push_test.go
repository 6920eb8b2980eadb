package console

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// While as much as can be is on its way to the store, a sender is told to come again, and
// its body is not even read.
func TestPushPressesBack(t *testing.T) {
	t.Parallel()
	key, err := ParseKey("sender-0123456789abcdef")
	require.NoError(t, err)
	entered, leave := make(chan struct{}), make(chan struct{})
	a := &api{opts: Options{Push: NewPush(map[string][]Key{"sbc": {key}}, 1, func(context.Context, string, string, []byte) (Pushed, error) {
		entered <- struct{}{}
		<-leave
		return Pushed{Read: 1, Accepted: 1}, nil
	})}}
	send := func(body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/usage", body)
		r.Header.Set("Authorization", "Bearer sender-0123456789abcdef")
		w := httptest.NewRecorder()
		a.push(w, r)
		return w
	}
	first := make(chan int, 1)
	go func() { first <- send(strings.NewReader("[{}]")).Code }()
	<-entered
	second := send(unread{t})
	require.Equal(t, http.StatusTooManyRequests, second.Code)
	require.Equal(t, "1", second.Header().Get("Retry-After"))
	close(leave)
	require.Equal(t, http.StatusAccepted, <-first)
	go func() { <-entered }()
	require.Equal(t, http.StatusAccepted, send(strings.NewReader("[{}]")).Code, "there is room again")
}

type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("a body is read for which there is no room")
	return 0, io.EOF
}
