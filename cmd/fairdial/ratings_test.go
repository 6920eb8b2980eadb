package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const usageHeader = "UsageId,Call ID,Conference ID,User Location,Microsoft Entra ObjectId,UPN,User Display Name,Caller ID,Call Type,Call Direction," +
	"Number Type,Domestic/International,Destination Dialed,Destination Number,External Country,Start Time,End Time,Duration Seconds," +
	"Connection Fee,Charge,Currency,Capability,Operator,Source of Call Duration,Administrative Units\n"

const (
	organizerID = "00000000-0000-0000-0000-0000000000a1"
	firstCall   = "10000000-0000-0000-0000-000000000001"
	addonPlan   = "aaaaaaaa-0000-4000-8000-000000000001"
	creditsPlan = "505e180f-f7e0-4b65-91d4-00d670bbd18c"
	secondCall  = "10000000-0000-0000-0000-000000000002"
)

func usageRow(id, callType, start, end, seconds, charge string) string {
	return id + ",c,1,US," + organizerID + ",ann@contoso.example,Ann,," + callType + ",Outbound,Subscriber,International,Germany,+4930555010,DE," +
		start + "," + end + "," + seconds + ",0.00," + charge + ",USD,MCOPSTNPP,Microsoft,microsoft,\n"
}

// contoso is a program that knows one tenant, t, with one conferencing subscription, held by
// Ann since 2025 beside the other plan, and what Germany and the US cost from its credits.
// It also gives what writes a file of a text.
func contoso(t *testing.T, plan string) (*program, func(name, text string) string) {
	t.Helper()
	p := newProgram(t, "licences:\n  addon:\n    service_plans: ["+addonPlan+"]\n")
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	p.ok("tenants", "import", file("tenants.json", `[{"id":"t","name":"Contoso","country":"US","segment":"commercial","channel":"ea","communicationsCredits":{"funded":true,"currency":"USD"}}]`))
	p.ok("directory", "import", "--tenant", "t",
		file("users.json", `{"value":[{"id":"`+organizerID+`","userPrincipalName":"ann@contoso.example","displayName":"Ann","usageLocation":"US","accountEnabled":true,"assignedLicenses":[],"assignedPlans":[
			{"assignedDateTime":"2025-01-01T00:00:00Z","capabilityStatus":"Enabled","service":"x","servicePlanId":"3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40"},
			{"assignedDateTime":"2025-01-01T00:00:00Z","capabilityStatus":"Enabled","service":"x","servicePlanId":"`+plan+`"}]}]}`),
		file("subscribedSkus.json", `{"value":[{"skuId":"0c266dff-15dd-4b49-8397-2bb16070ed52","skuPartNumber":"MCOMEETADV","capabilityStatus":"Enabled","consumedUnits":1,"prepaidUnits":{"enabled":1,"suspended":0,"warning":0},
			"servicePlans":[{"servicePlanId":"3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40","servicePlanName":"MCOMEETADV","provisioningStatus":"Success","appliesTo":"User"}]}]}`))
	p.ok("rates", "import", "--from", "2025-01-01", file("rates.csv", "Destination,Prefix,Connection charge in USD,Per Minute Rate in USD\nGermany,49,0,0.10\nUnited States,1,0.02,0.013\n"))
	return p, file
}

// The commands that finance asks: each answers in both formats, and says what is wrong.
func TestWhatFinanceAsks(t *testing.T) {
	t.Parallel()
	p, file := contoso(t, creditsPlan)
	p.ok("ingest", "--tenant", "t", file("usage.csv", usageHeader+
		usageRow(firstCall, "conf_out", "2026-02-03T09:00:00Z", "2026-02-03T09:59:00Z", "3540", "0.00")+
		usageRow(secondCall, "conf_out", "2026-02-03T10:00:00Z", "2026-02-03T10:03:00Z", "180", "0.20")+
		usageRow("10000000-0000-0000-0000-000000000003", "conf_in", "2026-02-03T11:00:00Z", "2026-02-03T11:01:00Z", "60", "0.00")))
	require.Contains(t, p.ok("rate"), "2 pool notices")
	require.NotContains(t, p.ok("rate", "--force"), "pool notice", "each once")

	require.Contains(t, p.ok("ratings", "explain", secondCall), "the tenant's pool had 60 s left, and ended within the call")
	require.Contains(t, p.ok("ratings", "explain", secondCall), "20 tenths of a minute (in steps of 1) at 0.1 a minute + 0 connection = 0.2 USD")
	require.Contains(t, p.ok("ratings", "explain", "10000000-0000-0000-0000-000000000003"), "only conf_out calls are rated")
	require.Contains(t, p.ok("-o", "json", "ratings", "explain", firstCall, "--tenant", "t"), `"pool_after": 60`)
	_, stderr, code := p.run("pools", "--tenant", "T")
	require.Zero(t, code)
	require.Contains(t, stderr, "nobody has named this tenant")
	_, stderr, code = p.run("ratings", "explain", "nothing")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no such usage record")

	require.Contains(t, p.ok("pools"), "100.0  2026-02-03 10:00Z")
	require.Contains(t, p.ok("-o", "json", "pools", "--month", "2026-02", "--at", "2026-02-03T09:30:00Z"), `"left": 60`)
	require.Contains(t, p.ok("pools", "history", "--tenant", "t", "--month", "2026-02"), "closing")
	require.Contains(t, p.ok("-o", "csv", "pools", "history", "--tenant", "t", "--month", "2026-02"), "standard,2026-02-03T10:00:00Z,call,"+secondCall+","+organizerID+",60,60,60,0,0,0,0")
	require.Contains(t, p.ok("pools", "check"), "no notices")
	require.Contains(t, p.ok("pools", "notices"), "80")
	require.Contains(t, p.ok("-o", "json", "pools", "notices", "--month", "2026-02"), `"threshold": 100`)

	deposit := []string{"credits", "deposit", "--tenant", "t", "--amount", "0.15", "--currency", "USD", "--at", "2026-01-01", "--reason", "order 7", "--id", "PO-7"}
	require.Contains(t, p.ok(deposit...), "0.15 USD")
	_, stderr, code = p.run(deposit...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "there already")
	require.Contains(t, p.ok("credits", "list"), "USD: overdrawn, balance -0.05")
	for _, wrong := range []map[string]string{
		{"--amount": "lots"},
		{"--amount": "-5"},
		{"--amount": "0"},
		{"--amount": "0.1234567"},
		{"--amount": "1e30"},
		{"--currency": "usd"},
		{"--at": "soon"},
		{"--expires": "2025-12-31"},
		{"--reason": " "},
	} {
		values := map[string]string{"--tenant": "t", "--amount": "1", "--currency": "USD", "--at": "2026-01-01", "--reason": "x"}
		maps.Copy(values, wrong)
		command := []string{"credits", "deposit"}
		for flag, value := range values {
			command = append(command, flag+"="+value)
		}
		_, stderr, code = p.run(command...)
		require.Equal(t, 2, code, "%v: %s", wrong, stderr)
	}
	for _, wrong := range [][]string{{"--mode", "barter", "--reason", "x"}, {"--mode", "prepaid", "--reason", " "}} {
		_, _, code = p.run(append([]string{"credits", "billing", "--tenant", "t", "--at", "2026-01-01"}, wrong...)...)
		require.Equal(t, 2, code, wrong)
	}
	p.ok("credits", "void", "PO-7", "--tenant", "t", "--reason", "typing error")
	p.ok("credits", "billing", "--tenant", "t", "--mode", "post_paid", "--at", "2026-01-01", "--reason", "MCA")
	require.Contains(t, p.ok("-o", "json", "credits", "list", "--tenant", "t"), `"state": "post_paid"`)

	report := file("report.csv", "userId,currency,totalCalls,totalCallSeconds,totalCallCharge\n"+organizerID+",USD,3,3780,0.30\n")
	out := p.ok("reconcile", "--month", "2026-02", "--tenant", "t", "--report", report, "--rows", "other_bucket")
	require.Contains(t, out, "1 call missing here")
	require.Contains(t, out, "charged - rated, USD")
	answered := file("report.json", `{"value":[{"userId":"`+organizerID+`","currency":"USD","totalCalls":3,"totalCallSeconds":3780,"totalCallCharge":0.30}]}`)
	require.Equal(t, out, p.ok("reconcile", "--month", "2026-02", "--tenant", "t", "--report", answered, "--rows", "other_bucket"))
	require.Contains(t, out, "pool_size")
	require.Contains(t, out, firstCall)
	require.NotContains(t, out, secondCall, "credits paid for the rest of it, as the source says")
	_, fingerprint, _ := strings.Cut(p.ok("reconcile", "--month", "2026-02", "--tenant", "t"), "fingerprint ")
	require.Contains(t, p.ok("reconcile", "--month", "2026-02", "--tenant", "t", "--sign", strings.TrimSpace(fingerprint), "--reason", "month end"), "these figures (month end)")
	_, stderr, code = p.run("reconcile", "--month", "2026-02", "--tenant", "t", "--sign", "0", "--reason", "x")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "other figures")
	_, _, code = p.run("reconcile", "--month", "2026-02", "--report", report)
	require.Equal(t, 2, code)
	_, stderr, code = p.run("reconcile", "--month", "2026-02", "--tenant", "t", "--rows", "nonsense")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "is none of all, ")

	// A sheet takes another's place only if that is said, and why.
	sheet := func(row string) string {
		return file("dearer.csv", "Destination,Prefix,Connection charge in USD,Per Minute Rate in USD\n"+row+"\n")
	}
	_, stderr, code = p.run("rates", "import", "--from", "2025-01-01", sheet("Germany,33,0,0.20"))
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "row 2: the destination \"Germany\" is DE, and prefix 33 lies in FR")
	_, stderr, code = p.run("rates", "import", "--from", "2025-01-01", sheet("Germany,49,0,0.20"))
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "--replace and a --reason")
	_, _, code = p.run("rates", "import", "--from", "2025-01-01", "--replace", sheet("Germany,49,0,0.20"))
	require.Equal(t, 2, code)
	require.Contains(t, p.ok("rates", "import", "--from", "2025-01-01", "--replace", "--reason", "typing error", sheet("Germany,49,0,0.20")), "in place of another")
	require.Contains(t, p.ok("rates", "list"), "typing error")

	// A closed month is told as it was closed, and every answer says so.
	p.ok("close", "--month", "2026-02", "--actor", "eve", "--force", "--reason", "month end")
	for _, command := range [][]string{{"ratings", "explain", firstCall}, {"reconcile", "--month", "2026-02"}, {"leak", "--month", "2026-02"}} {
		require.Contains(t, p.ok(command...), "2026-02 is closed by eve at ")
		require.Contains(t, p.ok(append(command, "-o", "json")...), `"frozen": true`)
	}
	p.ok("rate", "--force")
	require.Contains(t, p.ok("statement", "--month", "2026-02"), "2026-02 is closed by eve at ")
	require.Contains(t, p.ok("statement", "--month", "2026-02", "--rated", "-o", "json"), `"frozen": false`)
	for _, command := range [][]string{
		{"statement", "--month", "2026-02", "-o", "csv"},
		{"ratings", "export", "--month", "2026-02"},
		{"ratings", "export", "--month", "2026-02", "-o", "json"},
		{"leak", "--month", "2026-02", "-o", "csv"},
		{"pools", "--month", "2026-02"},
		{"pools", "history", "--tenant", "t", "--month", "2026-02", "-o", "csv"},
	} {
		stdout, stderr, code := p.run(command...)
		require.Zero(t, code)
		require.NotContains(t, stdout, "eve")
		require.Contains(t, stderr, "2026-02 of Contoso: closed by eve at ")
		require.Contains(t, stderr, "this is run 2, which it was closed with; it was rated again since (newest: run 3)")
		_, stderr, code = p.run(append(command, "--rated")...)
		require.Zero(t, code)
		require.Contains(t, stderr, "this is run 3, rated since, and not what was closed")
	}
}
