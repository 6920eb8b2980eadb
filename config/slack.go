package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var span = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9] ?- ?([01][0-9]|2[0-3]):[0-5][0-9]$`)

func quietHours(k *checker, key, value string) {
	if value == "" {
		return
	}
	from, to, _ := strings.Cut(value, "-")
	if !span.MatchString(value) || strings.TrimSpace(from) == strings.TrimSpace(to) {
		k.add(key, "%q is no span of a day; write it as 22:00-07:00", value)
	}
}

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
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		k.add("slack.time_zone", "%q is no time zone; write it as Europe/Berlin or UTC", s.TimeZone)
	}
	quietHours(k, "slack.quiet_hours", s.QuietHours)
	if s.Storm.Over < 0 {
		k.add("slack.storm.over", "must not be negative; 0 tells every case by itself")
	}
	if s.Storm.Over > 0 && s.Storm.Window <= 0 {
		k.add("slack.storm.window", "must be longer than nothing, such as 10m")
	}
	for i, r := range s.Routes {
		key := fmt.Sprintf("slack.routes[%d]", i)
		if r.Channel == "" {
			k.add(key+".channel", "must name a channel")
		}
		for j, severity := range r.Severities {
			k.oneOf(fmt.Sprintf("%s.severities[%d]", key, j), severity, "warning", "critical")
		}
		quietHours(k, key+".quiet_hours", r.QuietHours)
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
