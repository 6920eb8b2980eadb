package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"fairdial/store"
	"fairdial/store/storetest"
)

// No error of the store has in it what a query was asked with: not when it was cancelled, not
// when the engine refuses it, nor when a row cannot be read.
func TestErrorsDoNotTellParameters(t *testing.T) {
	const asked, numbered = "what-was-asked", "+14255550199"
	s := storetest.Open(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	args := []any{clickhouse.Named("a", asked), clickhouse.Named("n", numbered)}
	const query = "SELECT {a:String}, {n:String}"
	refused := query + ", throwIf(1, concat('bad number ', {n:String}, ' here'))"
	var rows []struct {
		A string `ch:"a"`
	}
	var n uint8
	_, queryErr := s.Query(over, query, args...)
	_, batchErr := s.PrepareBatch(over, "INSERT INTO usage_revisions")
	streamed := func() error {
		r, err := s.Query(t.Context(), "SELECT {n:String}, toUInt8(concat({n:String}, 'x'))", args...)
		if err != nil {
			return err
		}
		defer r.Close()
		for r.Next() {
		}
		return r.Err()
	}
	for name, err := range map[string]error{
		"select": s.Select(over, &rows, query, args...), "query": queryErr, "row": s.QueryRow(over, query, args...).Scan(&n),
		"exec": s.Exec(over, query, args...), "batch": batchErr,
		"refused":   s.Exec(t.Context(), refused, args...),
		"unknown":   s.Exec(t.Context(), query+", no_such_column", args...),
		"streamed":  streamed(),
		"converted": s.QueryRow(t.Context(), "SELECT {n:String}", args...).Scan(&n),
	} {
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), asked, name)
		require.NotContains(t, err.Error(), "param_", name)
		require.NotContains(t, err.Error(), numbered[1:], name)
	}
	require.ErrorIs(t, s.Exec(over, query, args...), context.Canceled, "what it is stays known")
	exception, is := errors.AsType[*clickhouse.Exception](s.Exec(t.Context(), refused, args...))
	require.True(t, is)
	require.EqualValues(t, 395, exception.Code)
}

// A DSN that cannot be read is not repeated: it has the password in it.
func TestADSNIsNotRepeated(t *testing.T) {
	for _, dsn := range []string{
		"clickhouse://ann:hunter2%zz@localhost:9000/x", "clickhouse://ann:hunter2/3@localhost:9000/x",
		"clickhouse://ann:hunter2@127.0.0.1:1/x?dial_timeout=hunter2", "http://ann:hunter2@127.0.0.1:1/x?password=hunter2",
		"clickhouse://ann:hunter2@127.0.0.1:1/x",
	} {
		_, err := store.Open(t.Context(), store.Options{DSN: dsn})
		require.Error(t, err, dsn)
		require.NotContains(t, err.Error(), "hunter2", dsn)
	}
}

// The same over a real connection, where the server goes away.
func TestAServerThatIsGoneIsNamedWithoutTheQuery(t *testing.T) {
	gone := errors.New("gone")
	_, err := store.On(t.Context(), trip(func(*http.Request) (*http.Response, error) { return nil, gone }), store.Options{Database: "d"})
	require.ErrorIs(t, err, gone)
	require.NotContains(t, fmt.Sprint(err), "param_")
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
