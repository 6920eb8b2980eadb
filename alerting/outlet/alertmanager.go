package outlet

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fairdial/alerting"
	"fairdial/cases"
)

// Alertmanager pushes cases as alerts (API v2) to a Prometheus Alertmanager or what speaks
// like one. A case is one alert, by its labels, until it is closed.
type Alertmanager struct {
	name, url string
	client    *http.Client
}

// firesFor is how long an alert holds without news: an Alertmanager would otherwise take it
// for resolved after minutes.
const firesFor = 30 * 24 * time.Hour

// NewAlertmanager makes the outlet; address is the Alertmanager's, without /api.
func NewAlertmanager(name, address string) (*Alertmanager, error) {
	if _, err := url.ParseRequestURI(address); err != nil {
		return nil, fmt.Errorf("outlet %s: an Alertmanager needs an address", name)
	}
	return &Alertmanager{name: name, url: strings.TrimRight(address, "/") + "/api/v2/alerts", client: newClient()}, nil
}

// Name implements [alerting.Outlet].
func (a *Alertmanager) Name() string { return a.name }

type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Send implements [alerting.Outlet]. What changes, risk and severity, is no label that names
// the alert: it would be another alert then.
func (a *Alertmanager) Send(ctx context.Context, n alerting.News) error {
	labels := map[string]string{
		"alertname": "FairdialCase", "case_id": n.CaseID, "tenant_id": n.TenantID, "organizer_id": n.OrganizerID,
	}
	end := n.At.Add(firesFor)
	if n.CaseID == "" { // it is about no case, and told anew each day
		labels = map[string]string{"alertname": "Fairdial", "reason": string(n.Reason), "id": n.ID}
		end = n.At.Add(24 * time.Hour)
	}
	push := alert{
		Labels: labels,
		Annotations: map[string]string{
			"summary": n.Headline, "description": n.Sentence, "score": fmt.Sprint(n.Score),
			"severity": string(n.Severity), "verdict": string(n.Verdict), "reason": string(n.Reason),
		},
		StartsAt: n.OpenedAt, EndsAt: end, GeneratorURL: n.Link,
	}
	if n.Status == cases.StatusClosed {
		push.EndsAt = n.At
	}
	body, err := json.Marshal([]alert{push})
	if err != nil {
		return err
	}
	return post(ctx, a.client, a.url, body, func(http.Header) {})
}
