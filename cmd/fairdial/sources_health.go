package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairdial/alerting"
	"fairdial/config"
	"fairdial/console"
	"fairdial/source"
)

// tell has what is wrong with sources told where cases are, once each.
func (f *feeds) tell(ctx context.Context) (int, error) {
	if len(f.app.cfg.Sources) == 0 {
		return 0, nil
	}
	standings, err := f.standings(ctx)
	if err != nil {
		return 0, err
	}
	tenants, err := f.s.directory.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	names := map[string]string{}
	for _, t := range tenants {
		names[t.ID] = t.Name
	}
	var all []alerting.SourceTrouble
	for _, st := range standings {
		for _, t := range st.Troubles(f.app.now()) {
			all = append(all, alerting.SourceTrouble{
				Source: t.Source, TenantID: t.TenantID, Tenant: names[t.TenantID], Kind: t.Kind, Since: t.Since, Says: t.Says, Mend: t.Mend,
			})
		}
	}
	return f.s.alerter.Sources(ctx, all)
}

// shown are the sources as the console shows them.
func (f *feeds) shown(ctx context.Context) ([]console.Feed, error) {
	standings, err := f.standings(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]console.Feed, 0, len(standings))
	for _, st := range standings {
		one := console.Feed{Name: st.Name, Kind: st.Kind, TenantID: st.TenantID, State: stateOf(st), Troubles: []string{}}
		if at := st.Arrivals.LastNew.UTC(); at.Unix() > 0 {
			one.LastNew = &at
		}
		if st.Read != nil {
			until := st.Read.Until.UTC()
			one.ReadUntil = &until
		}
		for i, t := range st.Troubles(f.app.now()) {
			if i == 0 {
				one.State, one.Mend = t.Kind, t.Mend
			}
			one.Troubles = append(one.Troubles, t.Says)
		}
		out = append(out, one)
	}
	return out, nil
}

// stateOf is how a source without trouble fares.
func stateOf(st source.Standing) string {
	switch {
	case st.Failure != nil:
		return "retrying"
	case st.Read == nil && st.Arrivals.LastReceipt.IsZero():
		return "new"
	default:
		return "fresh"
	}
}

// troubles are what an operator should know of the sources though the daemon is ready.
func (f *feeds) troubles(ctx context.Context) (out []string) {
	standings, err := f.standings(ctx)
	if err != nil {
		return []string{"sources: the store does not tell how they fare"}
	}
	for _, st := range standings {
		for _, t := range st.Troubles(f.app.now()) {
			out = append(out, fmt.Sprintf("source %s (%s): %s", t.Source, t.Kind, t.Says))
		}
	}
	return out
}

// The bounds of the doctor's look at Graph.
const (
	probeWithin = 20 * time.Second
	skewAllowed = 4 * time.Minute // tokens are refused from five on
)

// checks look at each source: its folder, its keys, or token, permission, network and clock
// at Graph; and at what it brought.
func (f *feeds) checks(ctx context.Context) (out []check) {
	standings, err := f.standings(ctx)
	if err != nil {
		return []check{{Name: "sources", Says: err.Error(), Mend: "see the store"}}
	}
	for i, st := range standings {
		c := check{Name: "source " + st.Name, OK: true, Says: fmt.Sprintf("%s, last new record %s", st.Kind, clock(st.Arrivals.LastNew))}
		for _, t := range st.Troubles(f.app.now()) {
			c.OK, c.Says, c.Mend = false, t.Kind+": "+t.Says, t.Mend
			break
		}
		if p := f.pollers[st.Name]; p != nil {
			if st.Read != nil {
				c.Says += ", read until " + clock(st.Read.Until)
			}
			probe, cancel := context.WithTimeout(ctx, probeWithin)
			err := p.Probe(probe)
			cancel()
			skew := p.Client.Stats().Skew
			switch {
			case err != nil:
				c.OK, c.Says, c.Mend = false, err.Error(), "docs/operations.md, connecting a tenant, says how the app registration must be"
			case skew.Abs() > skewAllowed:
				c.OK, c.Says, c.Mend = false, fmt.Sprintf("this machine's clock is %s off Graph's: tokens will be refused", skew), "set the clock by NTP"
			}
		} else if bad := f.checkOther(ctx, f.app.cfg.Sources[i].Complete()); bad != nil {
			c = *bad
		}
		out = append(out, c)
	}
	return out
}

// checkOther looks at what a source needs that is not Graph's; nil where it is there.
func (f *feeds) checkOther(ctx context.Context, s config.Source) *check {
	if s.Mapping != "" {
		if _, err := readMapping(s.Mapping); err != nil {
			return &check{Name: "source " + s.Name, Says: err.Error(), Mend: "docs/mapping.md says how a mapping is written; fairdial ingest --mapping FILE --dry-run shows what it does"}
		}
	}
	switch s.Kind {
	case config.SourceKafka:
		ctx, cancel := context.WithTimeout(ctx, probeWithin)
		defer cancel()
		if err := f.consumer(s, nil, nil).Ping(ctx); err != nil {
			return &check{Name: "source " + s.Name, Says: err.Error(), Mend: "see brokers, tls, sasl, username and secret of the source, and the network"}
		}
	case config.SourceS3:
		r, err := f.objects(s)
		if err == nil {
			probe, cancel := context.WithTimeout(ctx, probeWithin)
			defer cancel()
			err = r.Ping(probe)
		}
		if err != nil {
			return &check{Name: "source " + s.Name, Says: err.Error(), Mend: "see url, endpoint, region and access_key of the source; it needs the right to list the bucket and to get objects"}
		}
	case config.SourceInbox:
		if info, err := os.Stat(s.Path); err != nil || !info.IsDir() {
			return &check{Name: "source " + s.Name, Says: s.Path + " is no folder that can be read", Mend: "make the folder, with one folder a tenant named by its id"}
		}
	case config.SourcePush:
		if _, err := os.ReadFile(s.KeyFile); err != nil {
			return &check{Name: "source " + s.Name, Says: err.Error(), Mend: "create key_file with one key a line, such as from `openssl rand -hex 24`"}
		}
	}
	return nil
}

// sourceCollector tells how sources fare at the moment it is asked.
type sourceCollector struct{ f *feeds }

var (
	sourceLabels = []string{"source", "tenant"}
	sourceLag    = prometheus.NewDesc("fairdial_source_lag_seconds", "Seconds since a source brought a new record.", sourceLabels, nil)
	sourceRead   = prometheus.NewDesc("fairdial_source_read_until_timestamp_seconds", "Up to when a Graph source was read without a gap, Unix time.", sourceLabels, nil)
	sourceBad    = prometheus.NewDesc("fairdial_source_trouble", "1 for each thing wrong with a source: failing, unread, silent, vanishing.", []string{"source", "tenant", "kind"}, nil)
	sourceAsked  = prometheus.NewDesc("fairdial_source_requests_total", "Requests to Graph since the daemon's start.", sourceLabels, nil)
	sourceWaited = prometheus.NewDesc("fairdial_source_throttled_seconds_total", "Seconds waited because Graph asked for it, since the daemon's start.", sourceLabels, nil)
)

func (sourceCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{sourceLag, sourceRead, sourceBad, sourceAsked, sourceWaited} {
		ch <- d
	}
}

func (c sourceCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	standings, err := c.f.standings(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(sourceLag, err)
		return
	}
	now := c.f.app.now()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, st := range standings {
		if !st.Arrivals.LastNew.IsZero() {
			gauge(sourceLag, now.Sub(st.Arrivals.LastNew).Seconds(), st.Name, st.TenantID)
		}
		if st.Read != nil {
			gauge(sourceRead, float64(st.Read.Until.Unix()), st.Name, st.TenantID)
		}
		for _, t := range st.Troubles(now) {
			gauge(sourceBad, 1, st.Name, st.TenantID, t.Kind)
		}
		if p := c.f.pollers[st.Name]; p != nil {
			did := p.Client.Stats()
			ch <- prometheus.MustNewConstMetric(sourceAsked, prometheus.CounterValue, float64(did.Requests), st.Name, st.TenantID)
			ch <- prometheus.MustNewConstMetric(sourceWaited, prometheus.CounterValue, did.Throttled.Seconds(), st.Name, st.TenantID)
		}
	}
}
