package config

import (
	"fmt"
	"regexp"
	"strings"
)

var slackUser = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)

func (s Slack) validate(k *checker) {
	for _, secret := range []struct {
		key, file string
		value     Secret
	}{
		{"token", s.TokenFile, s.Token},
		{"signing_secret", s.SigningSecretFile, s.SigningSecret},
		{"app_token", s.AppTokenFile, s.AppToken},
	} {
		if secret.value != "" && secret.file != "" {
			k.add("slack."+secret.key, "at most one of %s and %s_file may be set", secret.key, secret.key)
		}
	}
	if s.AppToken != "" && !strings.HasPrefix(s.AppToken.Reveal(), "xapp-") {
		k.add("slack.app_token", "an app-level token begins with xapp-")
	}
	if s.Channel == "" {
		k.add("slack.channel", "must name a channel, such as #fair-use or C0123456789")
	}
	seen := map[string]int{}
	for i, p := range s.People {
		key := fmt.Sprintf("slack.people[%d]", i)
		if !slackUser.MatchString(p.SlackID) {
			k.add(key+".slack_id", "%q is no Slack user id, such as U012AB3CD", p.SlackID)
		} else if first, known := seen[p.SlackID]; known {
			k.add(key+".slack_id", "%q is also slack.people[%d]", p.SlackID, first)
		}
		seen[p.SlackID] = i
		if p.Name == "" || strings.Contains(p.Name, ":") {
			k.add(key+".name", "must be the person's name, without a colon")
		}
		k.oneOf(key+".role", p.Role, "viewer", "reviewer", "enforcer")
	}
}
