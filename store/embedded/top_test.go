package embedded_test

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"
)

// Left to itself the engine loses rows of a list, or mistakes a value of one column for a bound
// on another, when a statement reads the list's first rows twice and each part holds few.
func TestTheFirstRowsOfAListAreAllThere(t *testing.T) {
	conn := fresh(t, engine)
	execute(t, conn, `CREATE TABLE deeds (id UUID, at DateTime64(6, 'UTC'), text String, INDEX by_at at TYPE minmax GRANULARITY 1)
		ENGINE = MergeTree ORDER BY text`)
	for _, more := range []int{9, 3} {
		execute(t, conn, "OPTIMIZE TABLE deeds FINAL") // one part of nine rows, three of one
		for range more {
			execute(t, conn, "INSERT INTO deeds SELECT generateUUIDv4(), '2026-03-01 12:00:00', toString(rand())")
		}
	}
	const next = `WITH page AS (SELECT id, at, text FROM deeds WHERE (@after = '' OR (at, toString(id)) < (toDateTime64('2026-03-01 12:00:00', 6, 'UTC'), @after))
		ORDER BY at DESC, toString(id) DESC LIMIT 1)
		SELECT toString(id) FROM page WHERE (text, id) IN (SELECT text, min(id) FROM deeds WHERE text IN (SELECT text FROM page) GROUP BY text)`
	for range 40 {
		after := ""
		for range 12 {
			after = scalar[string](t, conn, next, clickhouse.Named("after", after))
		}
		require.Equal(t, after, scalar[string](t, conn, "SELECT min(toString(id)) FROM deeds"))
	}
}
