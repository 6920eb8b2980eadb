package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fairdial/alerting"
)

// diagnoseSlack asks Slack itself, and sends no message.
func (a *app) diagnoseSlack(ctx context.Context) []check {
	if a.cfg.Slack.Token == "" {
		return []check{{Name: "slack token", Says: "no token: alerts go to the log and the store", Mend: "set slack.token_file; docs/slack.md says how to make the app"}}
	}
	var checks []check
	err := a.withStore(ctx, func(s *services) error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		found, err := s.alerter.Check(ctx)
		if err != nil {
			checks = append(checks, check{Name: "slack token", Says: err.Error(), Mend: mendSlack(err)})
			return nil
		}
		checks = append(checks, check{Name: "slack token", OK: true, Says: fmt.Sprintf("%s in the workspace %s", found.Workspace.User, found.Workspace.Team)})
		checks = append(checks, scopeChecks(found)...)
		for _, channel := range slices.Sorted(maps.Keys(found.Channels)) {
			c := check{Name: "slack channel", OK: true, Says: channel + " is there"}
			if err := found.Channels[channel]; err != nil {
				c.OK, c.Says, c.Mend = false, err.Error(), "invite the app with /invite, or name the channel by its id"
			}
			checks = append(checks, c)
		}
		return nil
	})
	if err != nil {
		return append(checks, check{Name: "store", Says: err.Error(), Mend: "see that store.path can be written to by this user, or that store.dsn answers"})
	}
	return append(checks, a.checkButtons(ctx)...)
}

func mendSlack(err error) string {
	if failed, ok := errors.AsType[*alerting.SendError](err); ok && strings.HasPrefix(failed.Code, "no_answer") {
		return "see that this machine reaches https://slack.com/api/"
	}
	return "put the bot token (xoxb-...) of the installed app into slack.token_file"
}

// scopeChecks names exactly what the token lacks.
func scopeChecks(found alerting.Checked) (checks []check) {
	if len(found.Workspace.Scopes) == 0 {
		return []check{{Name: "slack scopes", OK: true, Says: "Slack does not say which scopes the token has", State: standsLook}}
	}
	for _, s := range alerting.Scopes() {
		name := s.Name
		if s.Instead != "" {
			name += " or " + s.Instead
		}
		c := check{Name: "slack scope", OK: true, Says: name}
		if slices.Contains(found.Missing, s) {
			c.OK, c.Says = false, fmt.Sprintf("%s is missing: %s", name, s.Without)
			c.Mend = fmt.Sprintf("add %s under OAuth & Permissions, then install the app again (docs/slack-manifest.yaml has them all)", s.Name)
		}
		checks = append(checks, c)
	}
	return checks
}

const mendButtons = "set slack.app_token_file (Socket Mode) or slack.signing_secret_file"

// checkButtons says whether presses can reach the daemon.
func (a *app) checkButtons(ctx context.Context) []check {
	s := a.cfg.Slack
	if s.SigningSecret == "" && s.AppToken == "" {
		return []check{{Name: "slack buttons", OK: true, Says: "none: neither a signing secret nor an app-level token is set", Mend: mendButtons, State: standsUnset}}
	}
	var checks []check
	if s.AppToken != "" {
		options := []slack.Option{slack.OptionAppLevelToken(s.AppToken.Reveal())}
		if s.APIURL != "" {
			options = append(options, slack.OptionAPIURL(s.APIURL))
		}
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		c := check{Name: "slack buttons", OK: true, Says: "Socket Mode: the app-level token is taken"}
		if _, _, err := slack.New("", options...).StartSocketModeContext(ctx); err != nil {
			c.OK, c.Says = false, "Socket Mode: Slack does not take slack.app_token ("+slackCode(err)+")"
			c.Mend = "make an app-level token (xapp-...) with the scope connections:write, and turn Socket Mode on"
		}
		checks = append(checks, c)
	}
	if s.SigningSecret != "" {
		c := check{Name: "slack buttons", OK: true, Says: "over HTTP: Slack sends presses to " + strings.TrimRight(a.cfg.HTTP.ExternalURL, "/") + "/slack/interactions"}
		if a.cfg.HTTP.ExternalURL == "" {
			c.OK, c.Says, c.Mend = false, "over HTTP: http.external_url is not set", "set it, and enter <external_url>/slack/interactions as the app's Request URL"
		}
		checks = append(checks, c)
	}
	people := check{Name: "slack people", OK: len(s.People) > 0, Says: fmt.Sprintf("%d people may press buttons", len(s.People))}
	if len(s.People) == 0 {
		people.Mend = "name them under slack.people: a press by anybody else is refused"
	}
	return append(checks, people)
}

// slackCode is Slack's word for what went wrong, without addresses or tokens.
func slackCode(err error) string {
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return refused.Err
	}
	return "no answer"
}
