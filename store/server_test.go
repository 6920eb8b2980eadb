package store_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/store"
	"fairdial/store/storetest"
)

// The embedded engine behind a TCP port stands in for a server.
func TestAServerByDSN(t *testing.T) {
	server := httptest.NewServer(storetest.Engine(t).Handler())
	defer server.Close()
	beside := storetest.Open(t)
	var database string
	require.NoError(t, beside.QueryRow(t.Context(), "SELECT currentDatabase()").Scan(&database))
	require.NoError(t, beside.Exec(t.Context(), "CREATE DATABASE "+database+"_dsn"))
	defer func() { require.NoError(t, beside.Exec(t.Context(), "DROP DATABASE "+database+"_dsn SYNC")) }()

	for range 2 { // the second time there is nothing to migrate
		s, err := store.Open(t.Context(), store.Options{DSN: "http://reader:secret@" + strings.TrimPrefix(server.URL, "http://") + "/" + database + "_dsn"})
		require.NoError(t, err)
		var zone, in string
		var n uint64
		require.NoError(t, s.QueryRow(t.Context(), "SELECT toString(getSetting('session_timezone')), currentDatabase()").Scan(&zone, &in))
		require.Equal(t, "UTC", zone)
		require.Equal(t, database+"_dsn", in)
		require.NoError(t, s.QueryRow(t.Context(), "SELECT toString(getSetting('use_top_k_dynamic_filtering')), toString(getSetting('use_skip_indexes_for_top_k'))").Scan(&zone, &in))
		require.Equal(t, []string{"false", "false"}, []string{zone, in})
		require.NoError(t, s.QueryRow(t.Context(), "SELECT count() FROM usage_revisions").Scan(&n))
		require.NoError(t, s.Close())
	}
}

func TestABadDSNKeepsItsSecret(t *testing.T) {
	for _, dsn := range []string{"clickhouse://u:hunter2@:9000:1/x", "clickhouse://u:hunter2@/db", "http://u:hunter2@127.0.0.1:1/db"} {
		_, err := store.Open(t.Context(), store.Options{DSN: dsn})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := store.Open(t.Context(), store.Options{})
	require.ErrorContains(t, err, "store.dsn")
}
