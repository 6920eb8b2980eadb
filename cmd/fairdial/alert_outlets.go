package main

import (
	"fmt"

	"fairdial/alerting"
	"fairdial/alerting/outlet"
)

// outlets are where news is told besides Slack.
func (a *app) outlets() (out []alerting.Outlet, err error) {
	for _, cfg := range a.cfg.Outlets {
		var o alerting.Outlet
		switch cfg.Kind {
		case "webhook":
			o, err = outlet.NewWebhook(cfg.Name, cfg.URL, cfg.Secret.Reveal(), a.now)
		case "alertmanager":
			o, err = outlet.NewAlertmanager(cfg.Name, cfg.URL)
		default:
			o, err = outlet.NewMail(outlet.MailOptions{
				Name: cfg.Name, Server: cfg.Server, From: cfg.From, To: cfg.To, Username: cfg.Username, Password: cfg.Secret.Reveal(),
			})
		}
		if err != nil {
			return nil, fmt.Errorf("outlets: %w", err)
		}
		out = append(out, o)
	}
	return out, nil
}
