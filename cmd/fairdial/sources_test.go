package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/source/graph/graphfake"
)

// cloud is Entra and Graph for any number of tenants.
type cloud struct {
	mux   *http.ServeMux
	url   string
	ca    string // file
	entra *graphfake.Entra
	graph map[string]*graphfake.Graph // by tenant
}

func newCloud(t *testing.T, tenants int) *cloud {
	t.Helper()
	c := &cloud{entra: &graphfake.Entra{}, graph: map[string]*graphfake.Graph{}, ca: filepath.Join(t.TempDir(), "ca.pem")}
	mux := http.NewServeMux()
	c.mux = mux
	mux.Handle("/", c.entra)
	now := time.Now().UTC()
	for n := range tenants {
		tenant := fmt.Sprintf("t%d", n)
		g := &graphfake.Graph{Now: time.Now, PageSize: 4, Random: rand.New(rand.NewPCG(1, uint64(n)))}
		for i := range 6 {
			started := now.Add(-time.Duration(30+i) * time.Hour).Truncate(time.Second)
			g.Rows = append(g.Rows, graphfake.Row{ID: uuid.NewString(), StartedAt: started, VisibleAt: started, Seconds: 60 + i})
		}
		c.graph[tenant] = g
		c.entra.Set(tenant, "secret of "+tenant)
		mux.Handle("/graph-"+tenant+"/", g)
	}
	c.entra.Token = func(tenant string) string { return c.graph[tenant].Token() }
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	c.url = server.URL
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(c.ca, text, 0o600))
	return c
}

// source is a tenant's source in the configuration.
func (c *cloud) source(tenant, schedule string) string {
	return fmt.Sprintf(`
  - name: s-%[1]s
    kind: graph
    tenant: %[1]s
    client_id: 11111111-1111-4111-8111-111111111111
    secret_env: SECRET_%[1]s
    graph_url: %[2]s/graph-%[1]s
    authority_url: %[2]s
    schedule: %[3]q
    backfill: 100h`, tenant, c.url, schedule)
}

func (c *cloud) env() []string {
	env := []string{"SSL_CERT_FILE=" + c.ca}
	for tenant := range c.graph {
		env = append(env, "SECRET_"+tenant+"=secret of "+tenant)
	}
	return env
}

// Ten tenants are polled by the daemon; the secret of one was revoked. Nine are fresh, the
// tenth raises an alarm that says why, once.
func TestTenTenantsAndOneRevokedSecret(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 10)
	c.entra.Set("t3", "")
	address := freeAddress(t)
	var sources strings.Builder
	for n := range 10 {
		sources.WriteString(c.source(fmt.Sprintf("t%d", n), "@every 4s"))
	}
	p := newProgram(t, fmt.Sprintf("http: {listen: %q}\njobs: {alert: \"@every 1s\"}\nsources:%s\n", address, sources.String()))
	p.env = c.env()
	daemon := p.command(t.Context(), "--log-level", "info", "serve")
	var output safeBuffer
	daemon.Stdout, daemon.Stderr = &output, &output
	require.NoError(t, daemon.Start())
	t.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })

	var all []status
	fresh := func() (n int) {
		require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "sources", "status")), &all))
		for _, s := range all {
			if s.State == "fresh" && s.Accepted == 6 {
				n++
			}
		}
		return n
	}
	eventually(t, func() bool { return fresh() == 9 && all[3].State == "failing" })
	require.Contains(t, all[3].Troubles[0], "AADSTS7000215")
	eventually(t, func() bool { return strings.Contains(output.String(), "Source s-t3 fails") })

	eventually(t, func() bool { // the store is busy now and then, and the daemon says so
		response, err := http.Get("http://" + address + "/readyz")
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
		var body bytes.Buffer
		_, err = body.ReadFrom(response.Body)
		require.NoError(t, err)
		return strings.Contains(body.String(), "source s-t3 (failing)")
	})

	// Mended, it catches up.
	c.entra.Set("t3", "secret of t3")
	eventually(t, func() bool { return fresh() == 10 })
	require.Equal(t, 1, strings.Count(output.String(), "Source s-t3 fails"), "the alarm is told once")
	require.NotContains(t, output.String(), "secret of")
	for tenant, g := range c.graph {
		require.Empty(t, g.Violations(), tenant)
	}
	require.NoError(t, daemon.Process.Signal(syscall.SIGTERM))
	_ = daemon.Wait()

	// The ledger balances for what came by itself just as for files.
	var ledger []struct{ Read, Accepted, Duplicate, Ignored, Rejected int }
	require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "ledger", "list")), &ledger))
	accepted := 0
	for _, e := range ledger {
		require.Equal(t, e.Read, e.Accepted+e.Duplicate+e.Ignored+e.Rejected)
		accepted += e.Accepted
	}
	require.Equal(t, 60, accepted)
}

// The doctor names what is missing, and the poll command reads, reads again and fails
// alone.
func TestSourcesFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 2)
	c.entra.Set("t1", "another")
	p := newProgram(t, "sources:"+c.source("t0", "off")+c.source("t1", "off")+"\n")
	p.env = c.env()

	var polls []polled
	stdout, stderr, code := p.run("-o", "json", "sources", "poll")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "the client secret is wrong or was revoked")
	require.NoError(t, json.Unmarshal([]byte(stdout), &polls))
	require.Len(t, polls, 2)
	require.Equal(t, uint64(6), polls[0].Accepted)
	require.NotEmpty(t, polls[1].Error)

	require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "sources", "poll", "s-t0", "--since", time.Now().UTC().Add(-120*time.Hour).Format(time.RFC3339))), &polls))
	require.Equal(t, uint64(6), polls[0].Duplicate)
	require.Zero(t, polls[0].Accepted)

	stdout, _, _ = p.run("doctor")
	require.Contains(t, stdout, "ok   source s-t0")
	require.Contains(t, stdout, "BAD  source s-t1")
	_, stderr, code = p.run("sources", "poll", "nobody")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "can be asked")
	require.Contains(t, p.ok("sources", "list"), "s-t1")
}

// Users and licences by delta, the provider's own blocks and its dial-out report.
func TestTheDirectoryAndTheCompanionsFromGraph(t *testing.T) {
	t.Parallel()
	c := newCloud(t, 1)
	answer := func(path, body string) {
		c.mux.HandleFunc("/graph-t0"+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	answer("/v1.0/users/delta", fmt.Sprintf(`{"value":[{"id":"db03c14b-06eb-4189-939b-7cbf3a20ba27","userPrincipalName":"ann@contoso.example","usageLocation":"US",
		"assignedPlans":[{"assignedDateTime":"2026-01-01T00:00:00Z","capabilityStatus":"Enabled","servicePlanId":"3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40"}]}],
		"@odata.deltaLink":"%s/graph-t0/v1.0/users/delta?$deltatoken=1"}`, c.url))
	answer("/v1.0/subscribedSkus", `{"value":[{"skuId":"0c266dff-15dd-4b49-8397-2bb16070ed52","skuPartNumber":"MCOMEETADV","capabilityStatus":"Enabled",
		"prepaidUnits":{"enabled":5},"servicePlans":[{"servicePlanId":"3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40"}]}]}`)
	c.mux.HandleFunc("/graph-t0/beta/communications/callRecords/", func(w http.ResponseWriter, r *http.Request) {
		body := `{"value":[{"userId":"db03c14b-06eb-4189-939b-7cbf3a20ba27","usageLocation":"US","destinationContext":"Domestic","currency":"USD","totalCalls":6,"totalCallSeconds":375,"totalCallCharge":0}]}`
		if strings.Contains(r.URL.Path, "BlockedUsers") {
			body = `{"value":[{"blockDateTime":"2026-11-01T10:00:00Z","blockReason":"High Overall Usage","remediationId":"9b1ecb0d-1a3e-4f0a-9a53-6d8f9e9f1f01",
				"userBlockMode":"Blocked","userId":"db03c14b-06eb-4189-939b-7cbf3a20ba27","userPrincipalName":"ann@contoso.example"}]}`
		}
		_, _ = w.Write([]byte(body))
	})
	p := newProgram(t, "tenants: [{id: t0, name: Contoso, country: US, segment: commercial, channel: ea}]\nsources:"+c.source("t0", "off")+"\n    beta: true\n")
	p.env = c.env()

	require.Contains(t, p.ok("sources", "sync", "s-t0"), "1 users, 1 changed, 0 removed (whole), 1 licence intervals")
	require.Contains(t, p.ok("sources", "sync", "s-t0"), "(by changes)")
	require.Contains(t, p.ok("directory", "licences", "--tenant", "t0"), "3e26ee1f")
	p.ok("sources", "poll")
	require.Regexp(t, "High Overall Usage +none", p.ok("enforce", "blocked"))
	p.ok("sources", "poll")
	require.Equal(t, 1, strings.Count(p.ok("enforce", "blocked"), "High Overall Usage"), "a block counts once")

	file := filepath.Join(t.TempDir(), "report.json")
	month := time.Now().UTC().Add(-40 * time.Hour).Format("2006-01")
	p.ok("sources", "report", "s-t0", "--month", month, "--out", file)
	p.ok("rate")
	require.Contains(t, p.ok("reconcile", "--month", month, "--tenant", "t0", "--report", file), "report")
}
