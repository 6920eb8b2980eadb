package main

import (
	"context"
	"fmt"
	"net/http"

	"fairdial/access"
	"fairdial/alerting/buttons"
)

// offersButtons says whether presses can reach the daemon.
func (a *app) offersButtons() bool {
	return a.cfg.Slack.Token != "" && (a.cfg.Slack.SigningSecret != "" || a.cfg.Slack.AppToken != "")
}

// desk works presses of Slack's buttons off; nil where there are no buttons.
func (a *app) desk(s *services, book *access.Book) (*buttons.Desk, error) {
	if !a.offersButtons() {
		return nil, nil
	}
	people := map[string]buttons.Person{}
	for _, p := range a.cfg.Slack.People {
		people[p.SlackID] = buttons.Person{Name: p.Name, Role: buttons.Role(p.Role)}
	}
	return buttons.New(buttons.Options{
		Cases: s.cases, Enforcement: s.enforcer, People: people, Account: account(book),
		Tell: func(ctx context.Context, caseID string) error {
			_, err := s.alerter.Tell(ctx, caseID)
			return err
		},
		Responder: buttons.NewAnswers(a.cfg.Slack.APIURL), Now: a.now, Logger: a.logger,
	})
}

// account says why the console's user or the identity provider's person of a name may not do
// something; of whom neither knows slack.people alone says.
func account(book *access.Book) func(string, buttons.Right, string) error {
	return func(name string, right buttons.Right, tenantID string) error {
		who, known := book.Standing(name)
		switch {
		case !known:
			return nil
		case who.Role == "":
			return fmt.Errorf("the console's user %s is disabled, or granted no role any more", name)
		case !who.May(access.Permission(right)):
			return fmt.Errorf("the console's user %s has the role %s, which may not do this (%s)", name, who.Role, right)
		case !who.Sees(tenantID):
			return fmt.Errorf("the console's user %s does not see this tenant", name)
		}
		return nil
	}
}

// endpoint is where Slack sends presses over HTTP; nil where it sends none.
func (a *app) endpoint(d *buttons.Desk) http.Handler {
	if d == nil || a.cfg.Slack.SigningSecret == "" {
		return nil
	}
	return d.Endpoint(a.cfg.Slack.SigningSecret.Reveal())
}

// listen takes presses by Socket Mode where it is configured.
func (a *app) listen(ctx context.Context, d *buttons.Desk) error {
	if a.cfg.Slack.AppToken == "" {
		return nil
	}
	return d.Listen(ctx, buttons.SocketOptions{AppToken: a.cfg.Slack.AppToken.Reveal(), APIURL: a.cfg.Slack.APIURL})
}
