package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/robfig/cron/v3"
)

// The words a tenant's segment and channel can be. Others are refused here,
// because an operator's typing error would silently change eligibility; the
// directory import passes unknown words through.
var (
	segments = []string{"", "commercial", "education", "nonprofit", "gcc"}
	channels = []string{"", "ea", "eas", "ees", "csp", "web_direct"}

	countryCode  = regexp.MustCompile(`^[A-Z]{2}$`)
	currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)
	guid         = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	clusterName  = regexp.MustCompile(`^[A-Za-z0-9_.-]*$`)
)

// checker collects mistakes.
type checker struct{ problems []Problem }

func (c *checker) add(key, format string, args ...any) {
	c.problems = append(c.problems, Problem{Key: key, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.add(key, "%q is not one of %s", value, strings.Join(slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" }), ", "))
	}
}

func (c *checker) between(key string, value, low, high int) {
	if value < low || value > high {
		c.add(key, "%d is not between %d and %d", value, low, high)
	}
}

func (c Config) validate() []Problem {
	var k checker
	c.validateStore(&k)
	c.validateTenants(&k)
	c.validateSources(&k)
	c.validateLicences(&k)
	c.validateOutlets(&k)
	c.validateEnforcement(&k)
	c.validateJobs(&k)

	if c.Finance.Latency < 0 {
		k.add("finance.latency", "must not be negative")
	}
	if c.Detection.Latency < 0 {
		k.add("detection.latency", "must not be negative")
	}
	k.between("detection.open_score", c.Detection.OpenScore, 1, 100)
	if w := c.Detection.RespondWithin; w.Critical < 0 || w.Warning < 0 {
		k.add("detection.respond_within", "must not be negative; 0 is no promise")
	}
	c.Detection.WholesaleRates.validate(&k)
	for i, percent := range c.Rating.PoolNotices {
		k.between(fmt.Sprintf("rating.pool_notices[%d]", i), percent, 1, 100)
	}
	k.between("slack.min_score", c.Slack.MinScore, 0, 100)
	c.Slack.validate(&k)
	httpURL(&k, "slack.api_url", c.Slack.APIURL)
	httpURL(&k, "http.external_url", c.HTTP.ExternalURL)
	c.HTTP.validate(&k)
	if _, _, err := net.SplitHostPort(c.HTTP.Listen); err != nil {
		k.add("http.listen", "%q is no address; write host:port, such as 127.0.0.1:8321", c.HTTP.Listen)
	}
	if c.HTTP.RequestsPerSecond < 0 {
		k.add("http.requests_per_second", "must not be negative; 0 is any number")
	}
	k.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	k.oneOf("log.format", c.Log.Format, "text", "json")
	return k.problems
}

func httpURL(k *checker, key, value string) {
	if value == "" {
		return
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		k.add(key, "%q is no http or https address", value)
	}
}

func (c Config) validateStore(k *checker) {
	if c.Store.DSN != "" && c.Store.DSNFile != "" {
		k.add("store.dsn", "at most one of dsn and dsn_file may be set")
	}
	if c.Store.DSN == "" && c.Store.DSNFile == "" && c.Store.Path == "" {
		k.add("store.path", "must name a folder when there is no dsn")
	}
	if !clusterName.MatchString(c.Store.Cluster) {
		k.add("store.cluster", "%q has characters other than letters, digits, '.', '_' and '-'", c.Store.Cluster)
	}
}

func (c Config) validateTenants(k *checker) {
	seen := map[string]int{}
	for i, t := range c.Tenants {
		key := fmt.Sprintf("tenants[%d]", i)
		if t.ID == "" {
			k.add(key+".id", "must not be empty")
		} else if first, ok := seen[t.ID]; ok {
			k.add(key+".id", "%q is also tenants[%d]", t.ID, first)
		}
		seen[t.ID] = i
		if t.Country != "" && !countryCode.MatchString(t.Country) {
			k.add(key+".country", "%q is no ISO 3166-1 code of two capital letters, such as US", t.Country)
		}
		k.oneOf(key+".segment", t.Segment, segments...)
		k.oneOf(key+".channel", t.Channel, channels...)
		if t.Credits.Funded && !currencyCode.MatchString(t.Credits.Currency) {
			k.add(key+".communicationsCredits.currency", "funded credits need an ISO 4217 code, such as USD")
		}
	}
}

func (c Config) validateLicences(k *checker) {
	for _, l := range []struct {
		name string
		id   Identity
	}{
		{"conferencing", c.Licences.Conferencing},
		{"pay_per_minute", c.Licences.PayPerMinute},
		{"select", c.Licences.Select},
		{"addon", c.Licences.Addon},
		{"credits", c.Licences.Credits},
	} {
		for i, plan := range l.id.ServicePlans {
			if !guid.MatchString(plan) {
				k.add(fmt.Sprintf("licences.%s.service_plans[%d]", l.name, i),
					"%q is no GUID; take servicePlanId from GET /subscribedSkus", plan)
			}
		}
	}
}

func (c Config) validateJobs(k *checker) {
	for _, j := range []struct{ name, schedule string }{
		{"inbox", c.Jobs.Inbox},
		{"rate", c.Jobs.Rate},
		{"detect", c.Jobs.Detect},
		{"enforce", c.Jobs.Enforce},
		{"alert", c.Jobs.Alert},
		{"carry", c.Jobs.Carry},
		{"sweep", c.Jobs.Sweep},
		{"daily", c.Jobs.Daily},
		{"weekly", c.Jobs.Weekly},
	} {
		if j.schedule == "" {
			continue
		}
		if _, err := cron.ParseStandard(j.schedule); err != nil {
			k.add("jobs."+j.name, "%v; write five fields (minute hour day month weekday) or @every 10m", err)
		}
	}
}
