package simulate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Graph's shapes of a user and of a subscribed product, as far as licences need.
type graphUser struct {
	ID               string         `json:"id"`
	UPN              string         `json:"userPrincipalName"`
	Name             string         `json:"displayName"`
	UsageLocation    string         `json:"usageLocation"`
	Enabled          bool           `json:"accountEnabled"`
	AssignedLicenses []graphLicence `json:"assignedLicenses"`
	AssignedPlans    []graphPlan    `json:"assignedPlans"`
}

type graphLicence struct {
	SKU           string   `json:"skuId"`
	DisabledPlans []string `json:"disabledPlans"`
}

type graphPlan struct {
	At      string `json:"assignedDateTime"`
	Status  string `json:"capabilityStatus"`
	Service string `json:"service"`
	Plan    string `json:"servicePlanId"`
}

type graphSKU struct {
	ID       string           `json:"skuId"`
	Part     string           `json:"skuPartNumber"`
	Status   string           `json:"capabilityStatus"`
	Applies  string           `json:"appliesTo"`
	Consumed int              `json:"consumedUnits"`
	Prepaid  graphUnits       `json:"prepaidUnits"`
	Plans    []graphPlanInSKU `json:"servicePlans"`
}

type graphUnits struct {
	Enabled   int `json:"enabled"`
	Warning   int `json:"warning"`
	LockedOut int `json:"lockedOut"`
	Suspended int `json:"suspended"`
}

type graphPlanInSKU struct {
	ID      string `json:"servicePlanId"`
	Name    string `json:"servicePlanName"`
	Applies string `json:"appliesTo"`
	Status  string `json:"provisioningStatus"`
}

// snapshots writes the directory as it was at the beginning of the first and of
// the last day of every month (midnight UTC).
func (t *tenant) snapshots(dir string) error {
	for _, m := range t.hours {
		for _, at := range []tick{m.start, m.end - 24*hour} {
			where := filepath.Join(dir, t.id.String(), at.time().Format(time.DateOnly))
			if err := os.MkdirAll(where, 0o755); err != nil {
				return fmt.Errorf("create the snapshot's folder: %w", err)
			}
			if err := t.users(filepath.Join(where, "users.json"), at); err != nil {
				return err
			}
			if err := t.products(filepath.Join(where, "subscribedSkus.json"), at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tenant) users(path string, at tick) error {
	f, err := createFile(path)
	if err != nil {
		return err
	}
	f.put("{\"@odata.context\": \"https://graph.microsoft.com/v1.0/$metadata#users\", \"value\": [\n")
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	first := true
	for _, o := range t.organizers {
		if o.hired() > at {
			continue
		}
		if !first {
			f.put(",")
		}
		first = false
		if err := enc.Encode(o.graph(at)); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	f.put("]}\n")
	return f.close()
}

// hired is when the organizer's account was made: with the first licence.
func (o *organizer) hired() tick {
	first := forever
	for _, h := range o.holdings {
		first = min(first, h.from)
	}
	return first
}

// graph is the organizer as the directory shows it at an instant. A plan that was
// taken away stays listed as deleted, dated by when that happened.
func (o *organizer) graph(at tick) graphUser {
	u := graphUser{
		ID: o.id.String(), UPN: o.upn, Name: o.name, UsageLocation: o.site.country, Enabled: true,
		AssignedLicenses: []graphLicence{}, AssignedPlans: []graphPlan{},
	}
	has := map[string]bool{}
	plan := func(p plan, status string, since tick) {
		has[p.id] = true
		u.AssignedPlans = append(u.AssignedPlans, graphPlan{
			At: since.time().Format("2006-01-02T15:04:05Z"), Status: status, Service: p.service, Plan: p.id,
		})
	}
	for _, h := range o.holdings {
		if !h.at(at) {
			continue
		}
		l := graphLicence{SKU: h.sku.id, DisabledPlans: []string{}}
		if h.disabled != "" {
			l.DisabledPlans = append(l.DisabledPlans, h.disabled)
		}
		u.AssignedLicenses = append(u.AssignedLicenses, l)
		for _, p := range h.sku.plans {
			if p.id != h.disabled && !has[p.id] {
				plan(p, "Enabled", h.from)
			}
		}
	}
	for _, h := range o.holdings {
		if h.to > at {
			continue
		}
		for _, p := range h.sku.plans {
			if !has[p.id] {
				plan(p, "Deleted", h.to)
			}
		}
	}
	return u
}

func (t *tenant) products(path string, at tick) error {
	f, err := createFile(path)
	if err != nil {
		return err
	}
	used := stock{}
	for _, o := range t.organizers {
		for _, h := range o.holdings {
			if h.at(at) {
				used[h.sku]++
			}
		}
	}
	page := struct {
		Context string     `json:"@odata.context"`
		Value   []graphSKU `json:"value"`
	}{Context: "https://graph.microsoft.com/v1.0/$metadata#subscribedSkus", Value: []graphSKU{}}
	for _, s := range skus() {
		if t.stock[s] == 0 {
			continue
		}
		g := graphSKU{
			ID: s.id, Part: s.part, Status: "Enabled", Applies: "User", Consumed: used[s],
			Prepaid: graphUnits{Enabled: t.stock[s]},
		}
		if s == t.standard {
			g.Prepaid.Warning = int(float64(t.stock[s]) * t.grace)
			g.Prepaid.Enabled -= g.Prepaid.Warning
			g.Prepaid.Suspended = t.suspended
		}
		for _, p := range s.plans {
			g.Plans = append(g.Plans, graphPlanInSKU{p.id, p.name, "User", "Success"})
		}
		page.Value = append(page.Value, g)
	}
	enc := json.NewEncoder(f)
	enc.SetIndent("", " ")
	if err := enc.Encode(page); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.close()
}
