package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"fairdial/config"
)

func noenv(string) string { return "" }

func TestTheExampleEqualsTheDefaults(t *testing.T) {
	cfg, err := config.Load("../config.example.yaml", noenv)
	require.NoError(t, err)
	require.Equal(t, config.Default(), cfg)
}

// A key that the example forgets would be one that nobody finds.
func TestTheExampleNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile("../config.example.yaml")
	require.NoError(t, err)
	var example, all map[string]any
	require.NoError(t, yaml.Load(data, &example))
	dump, err := yaml.Dump(config.Default())
	require.NoError(t, err)
	require.NoError(t, yaml.Load(dump, &all))
	require.Equal(t, keys("", all), keys("", example))
}

func keys(prefix string, v any) map[string]bool {
	out := map[string]bool{}
	if m, ok := v.(map[string]any); ok {
		for k, v := range m {
			out[prefix+k] = true
			for k := range keys(prefix+k+".", v) {
				out[k] = true
			}
		}
	}
	return out
}

func TestEmptyFileIsTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n"} {
		cfg, err := config.Parse("empty", []byte(text))
		require.NoError(t, err, "%q", text)
		require.Equal(t, config.Default(), cfg)
	}
}

func TestAllMistakesAtOnceWithKeyAndLine(t *testing.T) {
	_, err := config.Parse("bad.yaml", []byte(`store:
  paht: data
slack:
  min_score: high
tenants:
  - id: a
    name: A
    country: usa
  - id: a
    segment: military
enforcement:
  dry_run: maybe
  guard_rail:
    tenant_share: 5
jobs:
  rate: sometimes
`))
	var bad *config.Error
	require.ErrorAs(t, err, &bad)
	got := make([]string, len(bad.Problems))
	for i, p := range bad.Problems {
		got[i] = fmt.Sprintf("%d %s", p.Line, p.Key)
	}
	require.Equal(t, []string{
		"2 store.paht",
		"4 slack.min_score",
		"8 tenants[0].country",
		"9 tenants[1].id",
		"10 tenants[1].segment",
		"12 enforcement.dry_run",
		"14 enforcement.guard_rail.tenant_share",
		"16 jobs.rate",
	}, got)
	require.Contains(t, err.Error(), `bad.yaml has 8 mistakes`)
	require.Contains(t, err.Error(), `line 2: store.paht: there is no key "paht" here`)
	require.Contains(t, err.Error(), `line 4: slack.min_score: "high" is not a whole number`)
}

func TestDuplicateKeyIsRefused(t *testing.T) {
	_, err := config.Parse("twice.yaml", []byte("log:\n  level: info\nlog:\n  level: debug\n"))
	require.ErrorContains(t, err, "line 3")
}

func TestBrokenYAMLIsOneProblem(t *testing.T) {
	_, err := config.Parse("broken.yaml", []byte("store: [\n"))
	require.ErrorContains(t, err, "broken.yaml")
}

func TestEveryRuleOfValidation(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"segment", "tenants: [{id: a, segment: x}]", "tenants[0].segment"},
		{"channel", "tenants: [{id: a, channel: x}]", "tenants[0].channel"},
		{"tenant id", "tenants: [{name: a}]", "tenants[0].id"},
		{"credits", "tenants: [{id: a, communicationsCredits: {funded: true}}]", "communicationsCredits.currency"},
		{"source kind", "sources: [{name: a, kind: fax, path: x}]", "sources[0].kind"},
		{"source path", "sources: [{name: a, kind: inbox}]", "sources[0].path"},
		{"graph tenant", "sources: [{name: a, kind: graph, client_id: 11111111-1111-4111-8111-111111111111, secret_env: S}]", "sources[0].tenant"},
		{"graph client", "sources: [{name: a, kind: graph, tenant: t, client_id: x, secret_env: S}]", "sources[0].client_id"},
		{"graph secret", "sources: [{name: a, kind: graph, tenant: t, client_id: 11111111-1111-4111-8111-111111111111}]", "sources[0].secret_file"},
		{"graph window", "sources: [{name: a, kind: graph, tenant: t, client_id: 11111111-1111-4111-8111-111111111111, secret_env: S, window: 2161h}]", "sources[0].window"},
		{"graph schedule", "sources: [{name: a, kind: graph, tenant: t, client_id: 11111111-1111-4111-8111-111111111111, secret_env: S, schedule: often}]", "sources[0].schedule"},
		{"graph cloud", "sources: [{name: a, kind: graph, tenant: t, client_id: 11111111-1111-4111-8111-111111111111, secret_env: S, cloud: cn}]", "sources[0].cloud"},
		{"kafka brokers", "sources: [{name: a, kind: kafka, tenant: t, topic: x}]", "sources[0].brokers"},
		{"kafka broker", "sources: [{name: a, kind: kafka, tenant: t, topic: x, brokers: [here]}]", "sources[0].brokers[0]"},
		{"s3 url", "sources: [{name: a, kind: s3, url: 's3://id:hush@b'}]", "sources[0].url"},
		{"s3 key without secret", "sources: [{name: a, kind: s3, url: 's3://b', access_key: x}]", "sources[0].access_key"},
		{"s3 schedule", "sources: [{name: a, kind: s3, url: 's3://b', schedule: often}]", "sources[0].schedule"},
		{"kafka topic", "sources: [{name: a, kind: kafka, tenant: t, brokers: ['h:1']}]", "sources[0].topic"},
		{"kafka clear password", "sources: [{name: a, kind: kafka, tenant: t, topic: x, brokers: ['h:1'], sasl: plain, username: u}]", "sources[0].tls"},
		{"push key", "sources: [{name: a, kind: push, tenant: t}]", "sources[0].key_file"},
		{"source twice", "sources: [{name: a, kind: inbox, path: x}, {name: a, kind: inbox, path: y}]", "also sources[0]"},
		{"settle", "sources: [{name: a, kind: inbox, path: x, settle: -1s}]", "sources[0].settle"},
		{"guid", "licences: {addon: {service_plans: [x]}}", "licences.addon.service_plans[0]"},
		{"score", "detection: {open_score: 0}", "detection.open_score"},
		{"time to respond", "detection: {respond_within: {warning: -1h}}", "detection.respond_within"},
		{"rate that is no number", "detection: {wholesale_rates: {premium: dear}}", "detection.wholesale_rates.premium"},
		{"negative rate", "detection: {wholesale_rates: {countries: {US: -1}}}", "detection.wholesale_rates.countries.US"},
		{"rate with too many decimals", "detection: {wholesale_rates: {default: 0.0000001}}", "detection.wholesale_rates.default"},
		{"country of a rate", "detection: {wholesale_rates: {countries: {usa: 1}}}", "detection.wholesale_rates.countries"},
		{"unknown kind of rate", "detection: {wholesale_rates: {mobile: 1}}", "detection.wholesale_rates.mobile"},
		{"currency without rates", "detection: {wholesale_rates: {currency: EUR, default: 1, high_cost: 1, toll_free: 1, premium: 1}}", "detection.wholesale_rates.satellite"},
		{"latency", "detection: {latency: -1h}", "detection.latency"},
		{"duration", "detection: {latency: soon}", "is no duration"},
		{"order of steps", "enforcement: {auto_flag_score: 90, auto_throttle_score: 80}", "auto_throttle_score"},
		{"expiry", "enforcement: {expiry: 0s}", "enforcement.expiry"},
		{"unknown organizer", "enforcement: {unknown_organizer: ask}", "unknown_organizer"},
		{"listen", "http: {listen: here}", "http.listen"},
		{"url", "http: {external_url: ftp://x}", "http.external_url"},
		{"trusted proxy", "http: {trusted_proxies: [127.0.0.1]}", "http.trusted_proxies[0]"},
		{"everybody trusted", "http: {trusted_proxies: [10.0.0.0/8, \"::/0\"]}", "http.trusted_proxies[1]"},
		{"level", "log: {level: loud}", "log.level"},
		{"two dsn", "store: {dsn: a, dsn_file: b}", "at most one"},
		{"cluster", "store: {cluster: \"a'b\"}", "store.cluster"},
		{"no path", "store: {path: \"\"}", "store.path"},
		{"channel", "slack: {channel: \"\"}", "slack.channel"},
		{"on failure", "enforcement: {on_failure: ask}", "enforcement.on_failure"},
		{"max age", "enforcement: {max_age: 0s}", "enforcement.max_age"},
		{"people of a throttle", "enforcement: {throttle_people: 3}", "enforcement.throttle_people"},
		{"requested score", "enforcement: {request_suspend_score: 101}", "enforcement.request_suspend_score"},
		{"a tenant's terms", "enforcement: {tenants: [{id: a, expiry: 0s}]}", "enforcement.tenants[0].expiry"},
		{"a tenant twice", "enforcement: {tenants: [{id: a}, {id: a}]}", "also enforcement.tenants[0]"},
		{"adapter kind", "enforcement: {adapters: [{name: a, kind: fax}]}", "enforcement.adapters[0].kind"},
		{"adapter secret", "enforcement: {adapters: [{name: a, kind: webhook, url: \"https://x\"}]}", "adapters[0].secret_file"},
		{"adapter sku", "enforcement: {adapters: [{name: a, kind: graph, url: \"https://x\", token_url: \"https://x\", client_id: i, secret: s, skus: [E5]}]}", "adapters[0].skus[0]"},
		{"adapter command", "enforcement: {adapters: [{name: a, kind: teams, suspend_dial_out: none}]}", "adapters[0].command"},
		{"adapter dial-out", "enforcement: {adapters: [{name: a, kind: teams, command: [x], suspend_dial_out: DialoutCPCandPSTNDisabled}]}", "adapters[0].suspend_dial_out"},
		{"outlet kind", "outlets: [{name: a, kind: fax}]", "outlets[0].kind"},
		{"outlet server", "outlets: [{name: a, kind: email, server: x, from: a, to: [b]}]", "outlets[0].server"},
		{"rate of a key", "http: {requests_per_second: -1}", "http.requests_per_second"},
		{"slack user", "slack: {people: [{slack_id: dana, name: dana, role: viewer}]}", "slack.people[0].slack_id"},
		{"slack user twice", "slack: {people: [{slack_id: U012, name: a, role: viewer}, {slack_id: U012, name: b, role: viewer}]}", "also slack.people[0]"},
		{"slack role", "slack: {people: [{slack_id: U012, name: dana, role: boss}]}", "slack.people[0].role"},
		{"slack name", "slack: {people: [{slack_id: U012, name: \"system:x\", role: viewer}]}", "slack.people[0].name"},
		{"quiet hours", "slack: {quiet_hours: night}", "slack.quiet_hours"},
		{"time zone", "slack: {time_zone: Mars/Base}", "slack.time_zone"},
		{"route", "slack: {routes: [{tags: [fraud]}]}", "slack.routes[0].channel"},
		{"route severity", "slack: {routes: [{channel: x, severities: [grave]}]}", "slack.routes[0].severities[0]"},
		{"storm", "slack: {storm: {over: 5, window: 0s}}", "slack.storm.window"},
		{"app token", "slack: {app_token: xoxb-1}", "slack.app_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("c.yaml", []byte(c.yaml))
			require.ErrorContains(t, err, c.want)
			var bad *config.Error
			require.ErrorAs(t, err, &bad)
			require.Len(t, bad.Problems, 1, "%v", err)
			require.NotZero(t, bad.Problems[0].Line)
		})
	}
}

func TestSecretsComeFromFilesAndEnvironmentAndAreNeverShown(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte("xoxb-hush\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(`
slack: {token_file: token, signing_secret: sign-hush, app_token: xapp-hush}
outlets: [{name: a, kind: webhook, url: "https://x", secret_file: token}]
enforcement: {adapters: [{name: a, kind: webhook, url: "https://x", secret_file: token}]}
`), 0o600))
	cfg, err := config.Load(filepath.Join(dir, "c.yaml"), func(k string) string {
		if k == "FAIRDIAL_STORE_DSN" {
			return "clickhouse://u:hush@h/db"
		}
		return ""
	})
	require.NoError(t, err)
	require.Equal(t, "xoxb-hush", cfg.Slack.Token.Reveal())
	require.Equal(t, "clickhouse://u:hush@h/db", cfg.Store.DSN.Reveal())

	require.Equal(t, "xoxb-hush", cfg.Outlets[0].Secret.Reveal())
	require.Equal(t, "xoxb-hush", cfg.Enforcement.Adapters[0].Secret.Reveal())
	asJSON, err := json.Marshal(cfg)
	require.NoError(t, err)
	asYAML, err := yaml.Dump(cfg)
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v %#v", cfg, cfg), string(asJSON), string(asYAML)} {
		require.NotContains(t, shown, "hush")
	}
}

func TestMissingSecretFileNamesTheKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(path, []byte("slack: {token_file: nowhere}"), 0o600))
	_, err := config.Load(path, noenv)
	require.ErrorContains(t, err, "slack.token_file")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDurationReadsWhatItWrites(t *testing.T) {
	d := config.Duration(90 * time.Minute)
	text, err := d.MarshalText()
	require.NoError(t, err)
	var back config.Duration
	require.NoError(t, back.UnmarshalText(text))
	require.Equal(t, d, back)
}

func FuzzParse(f *testing.F) {
	f.Add("store: {path: x}")
	f.Add("tenants: [{id: a}]\n- x")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := config.Parse("f", []byte(text)); err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}
