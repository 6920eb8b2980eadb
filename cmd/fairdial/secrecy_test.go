package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
)

// confided are secrets and phone numbers that a test puts into configuration and data.
type confided struct{ secrets, numbers []string }

func (c *confided) secret(name string) string {
	s := "hush" + name + "Zq7vXw9"
	c.secrets = append(c.secrets, s)
	return s
}

// number gives a phone number in E.164.
func (c *confided) number() string {
	n := fmt.Sprintf("1425555%04d", 8101+len(c.numbers))
	c.numbers = append(c.numbers, n)
	return "+" + n
}

// spelled gives a phone number as people write one.
func (c *confided) spelled() string {
	n := c.number()
	return "(" + n[2:5] + ") " + n[5:8] + "-" + n[8:]
}

// absent makes sure that a text has none of them, in whatever way a number is written.
func (c *confided) absent(t *testing.T, where, text string) {
	t.Helper()
	for _, s := range c.secrets {
		if at := strings.Index(text, s); at >= 0 {
			t.Errorf("%s has the secret %s: …%s…", where, s, text[max(at-200, 0):min(at+100, len(text))])
		}
	}
	bare := strings.NewReplacer(" ", "", "(", "", ")", "", "-", "", ".", "", "/", "").Replace(text)
	for _, n := range c.numbers {
		if at := strings.Index(bare, n[1:]); at >= 0 {
			t.Errorf("%s has the number %s: …%s…", where, n, bare[max(at-200, 0):min(at+100, len(bare))])
		}
	}
}

// What the program writes, logs at level debug, says in errors and sends to Slack has neither
// the secrets of its configuration nor a whole phone number of its data: over its main jobs,
// with rows that are bad, and with everything it connects to failing or refusing.
func TestNothingIsGivenAway(t *testing.T) {
	t.Parallel()
	var c confided
	token := c.secret("SlackToken")
	slack := slackfake.Start(slackfake.Options{Token: "xoxb-" + token})
	t.Cleanup(slack.Close)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	inbox := filepath.Join(dir, "inbox")
	require.NoError(t, os.MkdirAll(filepath.Join(inbox, "t1"), 0o700))
	key, pushKey := c.secret("ApiKey"), c.secret("PushKey")
	address := freeAddress(t)
	settings := fmt.Sprintf(`
tenants: [{id: t1, name: Contoso, country: US, segment: commercial, channel: ea}]
sources:
  - {name: exports, kind: inbox, path: %[1]q}
  - {name: sbc, kind: push, tenant: t1, key_file: %[2]q}
slack: {token: xoxb-%[3]s, api_url: %[4]q, signing_secret: %[5]s, app_token: xapp-%[6]s, min_score: 1}
outlets:
  - {name: siem, kind: webhook, url: "http://127.0.0.1:1/hook?sig=%[7]s", secret: %[8]s}
  - {name: mail, kind: email, server: "127.0.0.1:1", username: fairdial, secret: %[9]s, from: f@contoso.example, to: [a@contoso.example]}
  - {name: oncall, kind: alertmanager, url: "http://ann:%[10]s@127.0.0.1:1"}
enforcement:
  dry_run: false
  auto_flag_score: 10
  auto_throttle_score: 20
  guard_rail: {actions_per_hour: 20, tenant_share: 1}
  adapters:
    - {name: gateway, kind: webhook, url: "http://127.0.0.1:1/change?sig=%[11]s", secret: %[12]s}
    - {name: licences, kind: graph, url: "http://127.0.0.1:1", token_url: "http://127.0.0.1:1/token", scope: s, client_id: c, secret: %[13]s, skus: [0c266dff-15dd-4b49-8397-2bb16070ed52]}
http: {listen: %[14]q, api_key_file: %[15]q}
jobs: {inbox: "@every 1s", rate: "@every 1s", detect: "@every 1s", enforce: "@every 1s", carry: "@every 1s", alert: "@every 1s"}
`, inbox, write("push.keys", pushKey+" sbc\n"), token, slack.URL,
		c.secret("Signing"), c.secret("Socket"), c.secret("HookAddress"), c.secret("Hook"), c.secret("Mail"), c.secret("Push"),
		c.secret("GatewayAddress"), c.secret("Gateway"), c.secret("Licences"), address, write("api.keys", key+" gateway\n"))
	p := newProgram(t, settings)
	debug := func(args ...string) (output string) {
		stdout, stderr, _ := p.run(append([]string{"--log-level", "debug"}, args...)...)
		c.absent(t, "fairdial "+strings.Join(args, " "), stdout+stderr)
		return stdout + stderr
	}

	// Usage with numbers in every column that can have one, and rows that are bad in every way.
	row := func(id, number, start, seconds, capability string) string {
		return fmt.Sprintf("%s,c,1,US,o1,ann@contoso.example,Ann %s,%s,conf_out,Service,Domestic,United States,%s,%s,2026-02-01T05:10:00Z,%s,0,0,USD,%s\n",
			id, c.number(), c.number(), number, start, seconds, capability)
	}
	head, _, _ := strings.Cut(usageCSV, "\n")
	good := head + "\n"
	for i := range 6 {
		good += row(fmt.Sprintf("u%d", i), c.number(), "2026-02-01T05:00:00Z", "600", "MCOMEETADD")
	}
	bad := head + "\n" + row("b1", c.number(), "2026-02-01T05:00:00Z", "-1", "MCOMEETADD") +
		row("b2", c.number()+"x", "2026-02-01T05:00:00Z", "60", "MCOMEETADD") +
		row("b3", c.number(), c.number(), "60", "MCOMEETADD") +
		row("b4", c.number(), "2026-02-01T05:00:00Z", c.number()+"s", "MCOMEETADD") +
		row("b5", c.number(), "2026-02-01T05:00:00Z", "60", c.number()) +
		row(c.number(), c.number()+"999999999", "2026-02-01T05:00:00Z", "60", "MCOMEETADD") +
		c.number() + ",\"broken\n"
	numbers := len(c.numbers)
	require.Contains(t, debug("ingest", "--tenant", "t1", write("good.csv", good), write("bad.csv", bad), write("none.csv", c.number()+"\n"), write("x.json", `{"value":[{"id":"`+c.number()+`"`)), "accepted")
	require.Greater(t, len(c.numbers), numbers)
	for _, args := range [][]string{
		{"quarantine", "list"},
		{"ledger", "list"},
		{"rate"},
		{"pools"},
		{"detect"},
		{"directory", "import", "--tenant", "t1", write("users.json", `{"value":[{"id":"`+c.number())},
		{"doctor"},
		{"doctor", "--slack"},
		{"sources", "list"},
		{"decide", "--organizer", "o1", "--number", c.number()},
		{"decide", "--organizer", c.number()},
		{"ingest", "--tenant", "t1", filepath.Join(dir, "nowhere.csv")},
	} {
		debug(args...)
	}

	// Cases whose every text has a number in it; Slack takes them, refuses them, and goes away.
	p.open(func(ctx context.Context, l *cases.Log) {
		require.NoError(t, confide(ctx, l, &c, 3))
	})
	require.Contains(t, debug("alert"), "3 posted")
	require.NotEmpty(t, slack.Messages("C0FAIRUSE"))
	slack.Fail("chat.postMessage", slackfake.Always(slackfake.Refused("invalid_auth")))
	debug("alert", "test")
	slack.Fail("chat.postMessage", slackfake.Always(slackfake.Dropped()))
	debug("alert", "test")
	slack.Mend()
	for _, args := range [][]string{
		{"alert", "test"},
		{"alert", "list"},
		{"-o", "json", "alert", "list"},
		{"cases", "list"},
		{"alert", "digest"},
		{"enforce", "run"},
		{"enforce", "list"},
		{"enforce", "carry"},
		{"enforce", "act", "suspend", "--tenant", "t1", "--organizer", "o1", "--reason", "called " + c.number()},
		{"enforce", "act", "flag", "--tenant", "t1", "--organizer", "o1", "--reason", "called " + c.spelled()},
		{"enforce", "stop", "--reason", "called " + c.spelled()},
		{"enforce", "list"},
		{"doctor"},
		{"enforce", "resume", "--reason", "called " + c.spelled()},
		{"cases", "act", "case-0", "appeal", "--reason", "called " + c.spelled()},
		{"cases", "act", "case-1", "note", "--reason", "called " + c.spelled()},
		{"cases", "show", "case-0"},
		{"alert"},
	} {
		debug(args...)
	}

	// The daemon, asked rightly and wrongly, and stopped in the midst of its jobs.
	daemon := p.command(t.Context(), "--log-level", "debug", "serve")
	var log output
	daemon.Stdout, daemon.Stderr = &log, &log
	require.NoError(t, daemon.Start())
	eventually(t, func() bool { return answers(address) })
	ask := func(method, path, bearer, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+bearer)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		c.absent(t, method+" "+path, string(answer))
	}
	ask("GET", "/api/v1/decisions/o1?number="+strings.Replace(c.number(), "+", "%2B", 1), key, "")
	ask("GET", "/api/v1/decisions/o1", c.secret("WrongKey"), "")
	ask("POST", "/api/v1/decisions", key, `{"questions":[{"organizer":"o1","number":"`+c.number()+`"},{"number":"`+c.number()+`"}]}`)
	ask("POST", "/api/v1/decisions", key, `{"questions":"`+c.number()+`"}`)
	ask("POST", "/api/v1/usage", pushKey, "["+`{"id":"`+c.number()+`","destination":"`+c.number()+`"}]`)
	ask("POST", "/slack/interactions", "", "payload="+c.number())
	ask("GET", "/readyz", key, "")
	ask("GET", "/metrics", key, "")
	require.NoError(t, os.WriteFile(filepath.Join(inbox, "t1", "late.csv"), []byte(strings.ReplaceAll(bad, "b1", "b9")), 0o600))
	eventually(t, func() bool { return strings.Contains(log.String(), "127.0.0.1:1") })
	time.Sleep(6 * time.Second)
	require.NoError(t, daemon.Process.Signal(syscall.SIGTERM))
	require.NoError(t, daemon.Wait(), log.String())
	require.Contains(t, log.String(), "127.0.0.1:1", "what cannot be reached is named")
	c.absent(t, "the daemon's log", log.String())
	for _, call := range slack.Calls("") {
		sent := c
		sent.secrets = without(c.secrets, token) // Slack's own
		sent.absent(t, "a call to Slack", fmt.Sprint(call))
	}

	// Configurations with mistakes, and a server that is not there or not rightly named.
	for name, text := range map[string]string{
		"an unknown key": "slack: {tokn: " + c.secret("Typo") + "}", "a list": "slack: {token: [" + c.secret("List") + "]}",
		"no number": "pool_notices: " + c.secret("Number"), "no YAML": "slack: {token: \"" + c.secret("Broken"),
		"a bad DSN":  "store: {dsn: \"clickhouse://ann:" + c.secret("Dsn1") + "%zz@127.0.0.1:1/x\"}",
		"a dead DSN": "store: {dsn: \"clickhouse://ann:" + c.secret("Dsn2") + "@127.0.0.1:1/x?dial_timeout=1s\"}",
		"http DSN":   "store: {dsn: \"http://ann:" + c.secret("Dsn3") + "@127.0.0.1:1/x?dial_timeout=1s\"}",
	} {
		wrong := newProgram(t, text)
		for _, command := range []string{"doctor", "rate"} {
			stdout, stderr, code := wrong.run("--data", "", "--log-level", "debug", command)
			c.absent(t, name, stdout+stderr)
			require.Equal(t, exitFailed, code, name)
		}
	}
}

func without(all []string, one string) (out []string) {
	for _, s := range all {
		if s != one {
			out = append(out, s)
		}
	}
	return out
}

// confide records cases with a phone number in each of their texts.
func confide(ctx context.Context, l *cases.Log, c *confided, n int) error {
	now := time.Now().UTC()
	var events []cases.Event
	for i := range n {
		one := cases.Case{
			ID: fmt.Sprintf("case-%d", i), TenantID: "t1", TenantName: "Contoso " + c.number(), OrganizerID: fmt.Sprintf("o%d", i),
			OrganizerName: "Ann " + c.number(), OrganizerUPN: c.number() + "@contoso.example", Status: cases.StatusOpen,
			Severity: cases.SeverityCritical, Score: 90, OpenedAt: now, UpdatedAt: now,
			Findings: []cases.Finding{{
				ID: "f", RuleID: "r", RuleTitle: "Rule " + c.number(), Severity: cases.SeverityCritical, At: now, Value: 10, Threshold: 1,
				Unit: "calls", Currency: "USD", ExposureAmount: decimal.NewFromInt(5),
				Sentence: "Many calls to " + c.number() + " and to (" + c.number()[2:5] + ") 555-9999.",
			}},
		}
		events = append(events, cases.Event{CaseID: one.ID, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", At: now, State: one})
	}
	_, err := l.Record(ctx, events)
	return err
}

// The net under everything that is logged.
func TestTheLogKeepsSecrets(t *testing.T) {
	var b bytes.Buffer
	a := newApp()
	a.stderr, a.getenv = &b, func(name string) string {
		return map[string]string{"FAIRDIAL_STORE_DSN": "clickhouse://ann:hush+Zq7@h/d", "FAIRDIAL_SLACK_TOKEN": "xoxb-hush-Zq8"}[name]
	}
	require.NoError(t, a.load())
	a.logger.Error("password hush+Zq7 in a message", "error", fmt.Errorf("post xoxb-hush-Zq8: hush%%2BZq7"), "list", []string{"+14255550123"}, "n", 7, "at", time.Second)
	for _, s := range []string{"hush+Zq7", "hush%2BZq7", "xoxb-hush-Zq8", "4255550123"} {
		require.NotContains(t, b.String(), s)
	}
	require.Contains(t, b.String(), "•••0123")
	require.Contains(t, b.String(), "n=7")
	require.Contains(t, b.String(), "at=1s")
}
