package main

import (
	"crypto/sha256"
	"encoding/hex"
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

	// What is not rated yet is told of in every format.
	p.ok("ingest", "--tenant", "t", file("more.csv", usageHeader+toTheUS("10000000-0000-0000-0000-000000000009", "2026-02-06T09:00:00Z", "2026-02-06T09:01:00Z", "60")))
	for _, format := range []string{"csv", "json"} {
		_, stderr, code := p.run("-o", format, "statement", "--month", "2026-02")
		require.Zero(t, code)
		require.Contains(t, stderr, "2026-02 of Contoso is not up to date: 1 call")
	}
	require.Contains(t, p.ok("statement", "--month", "2026-02"), "exception not_rated: 1 call")
	p.ok("rate")

	records := p.ok("-o", "csv", "reconcile", "--month", "2026-02", "--rows", "all")
	require.Equal(t, 2, strings.Count(records, "\nt,"))
	refused(2, "--rows", "-o", "csv", "reconcile", "--month", "2026-02")
	var reconciled []struct {
		Fingerprint string `json:"fingerprint"`
	}
	require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "reconcile", "--month", "2026-02")), &reconciled))
	signing := p.ok("reconcile", "--month", "2026-02", "--tenant", "t", "--sign", reconciled[0].Fingerprint, "--actor", "ann", "--reason", "month end")
	require.Contains(t, signing, "signed by ann")

	// 630 s are 105 tenths of a minute: 10.5 * 0.013 + 0.02 = 0.1565 USD; a minute is 0.033.
	require.Contains(t, p.ok("-o", "json", "leak", "--month", "2026-02"), `"amount": "0.1895"`)
	require.Contains(t, p.ok("leak", "--month", "2026-02"), "0.19 USD")
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

	exported, stderr, code := p.run("-o", "csv", "close", "export", "--month", "2026-02", "--tenant", "t")
	require.Zero(t, code, stderr)
	sum := sha256.Sum256([]byte(exported))
	require.Contains(t, stderr, hex.EncodeToString(sum[:]), "the file's hash is the closing's")
	refused(1, "not closed", "-o", "csv", "close", "export", "--month", "2026-01", "--tenant", "t")
	refused(1, "2026-02 was closed by ann", "credits", "deposit", "--tenant", "t", "--amount", "10", "--currency", "USD", "--at", "2026-02-20", "--reason", "invoice")
	refused(2, "no currency of ISO 4217", "credits", "deposit", "--tenant", "t", "--amount", "10", "--currency", "USX", "--at", "2026-03-20", "--reason", "invoice")

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
