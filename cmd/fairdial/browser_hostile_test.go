package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostileNames are what a directory can hold, though nobody is called so: endless words without a
// place to break, marks that turn text round, signs of many code points, and markup.
func hostileNames() (tenant, organizer, id string) {
	turned := "\u202eשלום\u2066عليكم\u202c\u200f"
	signs := "👩‍👩‍👧‍👦🏴‍☠️é̷̳"
	markup := `<script>document.title="owned"</script><img/src=x onerror=alert(1)>"'&`
	tenant = strings.Repeat("Überlandgesellschaft", 11) + turned + signs + markup
	organizer = markup + strings.Repeat("Wolfeschlegelsteinhausen", 10) + signs + turned
	return tenant, organizer, "o-" + strings.Repeat("0123456789abcdef", 14)
}

// hostile adds a tenant with such names to what a program knows, and an organizer whose use made
// a case; it gives the addresses of their pages.
func hostile(t *testing.T, p *program) (tenantPage, organizerPage string) {
	t.Helper()
	tenant, organizer, id := hostileNames()
	tenantID := "t-" + strings.Repeat("fedcba9876543210", 13)
	dir := t.TempDir()
	write := func(name string, doc any) string {
		text, err := json.Marshal(doc)
		require.NoError(t, err)
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		return path
	}
	upn := strings.Repeat("a.very.long.name.", 12) + "x@" + strings.Repeat("sub", 40) + ".example"
	var calls strings.Builder
	call := func(n int, at time.Time, minutes int, callee string) {
		end := at.Add(time.Duration(minutes) * time.Minute)
		text, err := json.Marshal(map[string]any{
			"id": fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", n), "callId": fmt.Sprintf("%d_1@10.0.0.1", n), "userId": id, "userPrincipalName": upn, "userDisplayName": organizer,
			"startDateTime": at.Format(time.RFC3339), "endDateTime": end.Format(time.RFC3339), "duration": minutes * 60, "charge": 0, "callType": "conf_out", "currency": "USD",
			"calleeNumber": callee, "usageCountryCode": "US", "tenantCountryCode": "US", "connectionCharge": 0, "destinationContext": "Domestic", "destinationName": "United States",
			"conferenceId": fmt.Sprint(600000000 + n), "licenseCapability": "MCOMEETADD", "inventoryType": "Service", "operator": "Microsoft", "callDurationSource": "microsoft",
		})
		require.NoError(t, err)
		calls.Write(append(text, '\n'))
	}
	first := time.Date(2026, 1, 12, 15, 0, 0, 0, time.UTC)
	for n := range 25 {
		call(n, first.AddDate(0, 0, n), 25, fmt.Sprintf("+1212555%04d", 100+n%5))
	}
	call(99, time.Date(2026, 2, 10, 6, 0, 0, 0, time.UTC), 1500, "+13125550100") // a line left up for a day and an hour
	usage := filepath.Join(dir, "usage.jsonl")
	require.NoError(t, os.WriteFile(usage, []byte(calls.String()), 0o600))

	p.ok("tenants", "import", write("tenants.json", []map[string]any{{
		"id": tenantID, "name": tenant, "country": "US", "segment": "commercial", "channel": "ea", "communicationsCredits": map[string]any{"funded": false, "currency": "USD"},
	}}))
	p.ok("directory", "import", "--tenant", tenantID, write("users.json", map[string]any{"value": []map[string]any{{
		"id": id, "userPrincipalName": upn, "displayName": organizer, "usageLocation": "US", "accountEnabled": true,
		"assignedPlans": []map[string]any{{"assignedDateTime": "2025-06-01T00:00:00Z", "capabilityStatus": "Enabled", "service": "MicrosoftCommunicationsOnline", "servicePlanId": "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40"}},
	}}}))
	p.ok("ingest", "--tenant", tenantID, usage)
	p.ok("rate", "--tenant", tenantID)
	p.ok("detect", "--from", "2026-02-12", "--to", "2026-02-13", "--step", "24h")
	var found []struct {
		OrganizerName string `json:"organizer_name"`
	}
	require.NoError(t, json.Unmarshal([]byte(p.ok("cases", "list", "--tenant", tenantID, "-o", "json")), &found))
	require.Len(t, found, 1, "there is a case about them")
	require.Equal(t, organizer, found[0].OrganizerName)
	return "/tenants/" + url.PathEscape(tenantID), "/organizers/" + url.PathEscape(tenantID) + "/" + url.PathEscape(id)
}
