package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"fairdial/alerting"
	"fairdial/alerting/slackfake"
)

// The doctor names exactly the scope that is missing, and shows no secret.
func TestTheDoctorAsksSlack(t *testing.T) {
	t.Parallel()
	slack := slackfake.Start(slackfake.Options{})
	t.Cleanup(slack.Close)
	p := newProgram(t, fmt.Sprintf("slack: {token: xoxb-fake, api_url: %q, app_token: xapp-fake, people: [{slack_id: U012, name: dana, role: reviewer}]}", slack.URL))
	bad := func() (out []string) {
		stdout, stderr, code := p.run("-o", "json", "doctor", "--slack")
		var checks []check
		require.NoError(t, json.Unmarshal([]byte(stdout), &checks), stderr)
		for _, c := range checks {
			if !c.OK {
				out = append(out, c.Says)
				require.NotEmpty(t, c.Mend)
			}
		}
		require.Equal(t, len(out) > 0, code == exitFailed)
		require.NotContains(t, stdout+stderr, "xoxb-fake")
		require.NotContains(t, stdout+stderr, "xapp-fake")
		return out
	}
	require.Empty(t, bad())
	slack.SetScopes("chat:write", "channels:history", "channels:read")
	require.Equal(t, []string{"files:write is missing: no charts in the threads"}, bad())
	slack.SetToken("xoxb-other")
	require.Len(t, bad(), 1)
	require.Empty(t, slack.Calls("chat.postMessage"), "it sends nothing")
}

func TestTheManifestAsksForTheScopes(t *testing.T) {
	text, err := os.ReadFile("../../docs/slack-manifest.yaml")
	require.NoError(t, err)
	var manifest struct {
		OAuth struct {
			Scopes struct{ Bot []string }
		} `yaml:"oauth_config"`
	}
	require.NoError(t, yaml.Load(text, &manifest))
	var want []string
	for _, s := range alerting.Scopes() {
		want = append(want, s.Name)
		if s.Instead != "" {
			want = append(want, s.Instead)
		}
	}
	slices.Sort(want)
	require.ElementsMatch(t, want, manifest.OAuth.Scopes.Bot)
}
