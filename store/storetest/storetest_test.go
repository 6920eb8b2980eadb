package storetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	a, b := storetest.Open(t), storetest.Open(t)
	ctx := t.Context()
	require.NoError(t, a.Exec(ctx, "CREATE TABLE mine (x UInt8) ENGINE = MergeTree ORDER BY x"))
	require.NoError(t, a.Exec(ctx, "INSERT INTO mine VALUES (1), (2)"))
	var n uint64
	require.NoError(t, a.QueryRow(ctx, "SELECT count() FROM mine").Scan(&n))
	require.Equal(t, uint64(2), n)
	require.ErrorContains(t, b.QueryRow(ctx, "SELECT count() FROM mine").Scan(&n), "UNKNOWN_TABLE")
	// Both have the schema.
	require.NoError(t, b.QueryRow(ctx, "SELECT count() FROM usage_revisions").Scan(&n))
	require.Zero(t, n)
}
