package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// toTheUS is a usage row of a call to New York.
func toTheUS(id, start, end, seconds string) string {
	row := usageRow(id, "conf_out", start, end, seconds, "0.00")
	return strings.Replace(row, "International,Germany,+4930555010,DE", "Domestic,United States,+12125550100,US", 1)
}

// A month is closed by one person, stays as it was while records arrive late, and is opened
// again by another.
func TestAMonthIsClosed(t *testing.T) {
	t.Parallel()
	p, file := contoso(t, addonPlan)
	refused := func(code int, says string, args ...string) {
		t.Helper()
		_, stderr, got := p.run(args...)
		require.Equal(t, code, got, stderr)
		require.Contains(t, stderr, says)
	}
	p.ok("ingest", "--tenant", "t", file("usage.csv", usageHeader+
		toTheUS(firstCall, "2026-02-03T09:00:00Z", "2026-02-03T09:10:30Z", "630")+
		toTheUS("", "2026-02-04T09:00:00Z", "2026-02-04T09:10:00Z", "600")))
	refused(1, "usage or licences changed since it was rated", "close", "--month", "2026-02", "--actor", "ann", "--reason", "month end")
	refused(1, "nothing was closed", "close", "--month", "2026-05", "--actor", "ann")
	p.ok("rate")

	// 630 s are 105 tenths of a minute: 10.5 * 0.013 + 0.02 = 0.1565 USD.
	require.Contains(t, p.ok("-o", "json", "leak", "--month", "2026-02"), `"amount": "0.1565"`)
	require.Contains(t, p.ok("leak", "--month", "2026-02"), "0.16 USD")
	refused(2, "month", "leak")

	refused(2, "--actor is missing", "close", "--month", "2026-02")
	refused(2, "needs --reason", "close", "--month", "2026-02", "--actor", "ann", "--force")
	refused(1, "1 rejected row waiting for a decision", "close", "--month", "2026-02", "--actor", "ann")
	var rejections []struct {
		ID string `json:"rejection_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "quarantine", "list")), &rejections))
	require.Len(t, rejections, 1)
	p.ok("quarantine", "dismiss", rejections[0].ID, "--reason", "a test of the exporter")
	require.Contains(t, p.ok("close", "--month", "2026-02", "--actor", "ann"), "closed")
	refused(1, "closed", "close", "--month", "2026-02", "--tenant", "t", "--actor", "ann")
	before := p.ok("-o", "csv", "statement", "--month", "2026-02")

	p.ok("ingest", "--tenant", "t", file("late.csv", usageHeader+
		toTheUS(secondCall, "2026-02-05T09:00:00Z", "2026-02-05T09:01:00Z", "60")))
	p.ok("rate")
	require.Equal(t, before, p.ok("-o", "csv", "statement", "--month", "2026-02"), "what was closed is what it was")
	require.Contains(t, p.ok("-o", "json", "statement", "--month", "2026-03"), `"of_month": "2026-02"`, "it is an adjustment of the next month that is open")
	require.Contains(t, p.ok("close", "verify"), "as it was closed")

	refused(2, "are needed", "reopen", "--month", "2026-02", "--tenant", "t", "--actor", "bob")
	refused(1, "another person", "reopen", "--month", "2026-02", "--tenant", "t", "--actor", "ann", "--reason", "a late record")
	require.Contains(t, p.ok("reopen", "--month", "2026-02", "--tenant", "t", "--actor", "bob", "--reason", "a late record"), "bob")
	p.ok("rate")
	require.Contains(t, p.ok("ratings", "explain", secondCall), "add-on")
	list := p.ok("close", "list")
	require.Contains(t, list, "ann")
	require.Contains(t, list, "a late record")
}
