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

// A private channel takes scopes of its own, and they are named.
func TestTheDoctorKnowsPrivateChannels(t *testing.T) {
	t.Parallel()
	slack := slackfake.Start(slackfake.Options{
		Channels: map[string]string{"fair-use": "C0FAIRUSE", "secret": "C0SECRET00", "money": "C0MONEY000"}, Private: []string{"secret"},
	})
	t.Cleanup(slack.Close)
	for _, channel := range []string{"C0SECRET00", "#secret"} {
		p := newProgram(t, fmt.Sprintf("slack: {token: xoxb-fake, api_url: %q, on_call_channel: %q, finance_channel: C0MONEY000}", slack.URL, channel))
		public := []string{"chat:write", "channels:history", "channels:read", "files:write"}
		for _, c := range []struct {
			scopes []string
			says   string
		}{
			{append(public, "groups:history"), map[bool]string{true: "groups:read"}[channel[0] == '#']},
			{append(public, "groups:read"), "groups:history"},
			{append(public, "groups:read", "groups:history"), ""},
		} {
			slack.SetScopes(c.scopes...)
			stdout, _, code := p.run("doctor", "--slack")
			if c.says == "" {
				require.Zero(t, code, stdout)
				require.Contains(t, stdout, "C0MONEY000 is there")
				continue
			}
			require.Equal(t, exitFailed, code, stdout)
			require.Contains(t, stdout, "needs "+c.says, "%v", c.scopes)
		}
	}
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

// What is neither well nor wrong is not told as well.
func TestTheDoctorTellsWhatIsNotSetUpFromWhatIsWell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		check        check
		stands, mark string
	}{
		"well":  {check{OK: true}, "ok", ""},
		"wrong": {check{State: standsLook}, "needs a hand", "BAD "},
		"look":  {check{OK: true, State: standsLook}, "look", "LOOK"},
		"unset": {check{OK: true, State: standsUnset}, "not set up", "-   "},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.stands, c.check.stands())
			require.Equal(t, c.mark, c.check.mark())
			require.Equal(t, c.stands, shownCheck(c.check).State)
		})
	}
	stdout, _, _ := newProgram(t, "").run("doctor")
	require.Contains(t, stdout, "-    slack          no token")
	require.Contains(t, stdout, "ok   quarantine     no row waits")
}
