package replies_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/store/replies"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestARequestIsDoneOnce(t *testing.T) {
	t.Parallel()
	ctx, conn := t.Context(), storetest.Open(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	open := func() *replies.Book { return replies.New(conn, func() time.Time { return at }, uuid.New) }

	turn, _, err := open().Begin(ctx, "k", "f")
	require.NoError(t, err)
	require.NotNil(t, turn)

	_, _, err = open().Begin(ctx, "k", "f")
	var underWay *replies.UnderWayError
	require.ErrorAs(t, err, &underWay, "in another process too")
	require.Equal(t, at, underWay.Began)

	reply := replies.Reply{Status: 201, Headers: map[string]string{"ETag": `"2"`}, Body: []byte(`{"a":1}`)}
	require.NoError(t, turn.Give(ctx, reply))
	for range 2 {
		turn, answer, err := open().Begin(ctx, "k", "f")
		require.NoError(t, err)
		require.Nil(t, turn)
		require.Equal(t, reply, *answer)
	}
	_, _, err = open().Begin(ctx, "k", "g")
	require.ErrorIs(t, err, replies.ErrOther)

	at = at.Add(replies.Kept - time.Second)
	_, answer, err := open().Begin(ctx, "k", "f")
	require.NoError(t, err)
	require.NotNil(t, answer)
	at = at.Add(2 * time.Second)
	turn, answer, err = open().Begin(ctx, "k", "g")
	require.NoError(t, err)
	require.Nil(t, answer)
	require.NotNil(t, turn, "after a day the key may name another")
}

func TestWhatIsLetGoMayBeDoneAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := replies.New(storetest.Open(t), time.Now, uuid.New)
	turn, _, err := b.Begin(ctx, "k", "f")
	require.NoError(t, err)
	_, _, err = b.Begin(ctx, "k", "g")
	require.ErrorIs(t, err, replies.ErrOther)
	require.NoError(t, turn.LetGo(ctx))
	turn, answer, err := b.Begin(ctx, "k", "g")
	require.NoError(t, err)
	require.Nil(t, answer)
	require.NotNil(t, turn)
}

func TestOfManyAtOnceOneHasTheTurn(t *testing.T) {
	t.Parallel()
	ctx, conn := t.Context(), storetest.Open(t)
	var turns atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			turn, _, err := replies.New(conn, time.Now, uuid.New).Begin(ctx, "k", "f")
			if turn != nil && err == nil {
				turns.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, turns.Load())
}
