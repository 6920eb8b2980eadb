package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"fairdial/cases"
	"fairdial/config"
	"fairdial/console"
	"fairdial/detector"
	"fairdial/enforcement/carry"
	"fairdial/ingest"
	"fairdial/rating"
	"fairdial/schedule"
	"fairdial/usage"
)

// jobs are what the daemon does by itself.
func (a *app) jobs(s *services, book *ruleBook, m *metrics, c *carry.Carrier, f *feeds, ahead *ahead) []schedule.Job {
	return append(f.jobs(m), []schedule.Job{
		{Name: "inbox", Spec: a.cfg.Jobs.Inbox, Run: func(ctx context.Context, _ time.Time) (string, error) {
			return a.collect(ctx, s, m)
		}},
		{Name: "rate", Spec: a.cfg.Jobs.Rate, Run: func(ctx context.Context, _ time.Time) (string, error) {
			r, err := s.rater.Rate(ctx, rating.Request{Actor: "system:rate"})
			if err != nil {
				return "", err
			}
			notices, err := a.noticePools(ctx, s)
			err = errors.Join(err, ahead.rated(r.Rated))
			return fmt.Sprintf("%d of %d tenant-months rated, %d pool notices", len(r.Rated), r.Checked, len(notices)), err
		}},
		{Name: "detect", Spec: a.cfg.Jobs.Detect, Run: func(ctx context.Context, slot time.Time) (string, error) {
			r, err := book.detector(ctx).Detect(ctx, detector.Request{To: slot, New: true, Latency: time.Duration(a.cfg.Detection.Latency)}, nil)
			return fmt.Sprintf("%d findings, %d cases opened", r.Findings, r.Events[cases.KindOpened]), err
		}},
		{Name: "alert", Spec: a.cfg.Jobs.Alert, Run: func(ctx context.Context, _ time.Time) (string, error) {
			r, err := s.alerter.Run(ctx)
			pools, poolsErr := a.tellPools(ctx, s)
			sources, sourcesErr := f.tell(ctx)
			rails, railsErr := s.alerter.Rails(ctx)
			return fmt.Sprintf("%s; %d pools; %d sources; %d guard rails", told(r), pools, sources, rails), errors.Join(err, poolsErr, sourcesErr, railsErr)
		}},
		{Name: "sweep", Spec: a.cfg.Jobs.Sweep, Run: func(ctx context.Context, _ time.Time) (string, error) {
			swept, err := s.rater.Sweep(ctx)
			return fmt.Sprintf("%d rating runs removed", swept.Runs), err
		}},
		{Name: "daily", Spec: a.cfg.Jobs.Daily, Run: func(ctx context.Context, slot time.Time) (string, error) {
			sent, err := s.alerter.Daily(ctx, slot)
			return fmt.Sprintf("told: %v", sent), err
		}},
		{Name: "weekly", Spec: a.cfg.Jobs.Weekly, Run: func(ctx context.Context, slot time.Time) (string, error) {
			sent, err := s.weekly(ctx, slot)
			return fmt.Sprintf("told: %v", sent), err
		}},
		{Name: "carry", Spec: a.cfg.Jobs.Carry, Run: func(ctx context.Context, _ time.Time) (string, error) {
			r, err := c.Run(ctx)
			if err == nil && r.Failed > 0 {
				err = fmt.Errorf("%d changes failed: %s", r.Failed, r.Problem)
			}
			return carried(r), err
		}},
		{Name: "enforce", Spec: a.cfg.Jobs.Enforce, Run: func(ctx context.Context, _ time.Time) (string, error) {
			r, err := s.enforcer.Run(ctx)
			return fmt.Sprintf("%d flagged, %d throttled, %d held back, %d reinstated, %d requests to people", r.Flagged, r.Throttled, r.Held, r.Reinstated, r.Requested), err
		}},
	}...)
}

// jobs poll Graph and object storage, each source by itself: one that fails or takes long is
// alone in it.
func (f *feeds) jobs(m *metrics) (out []schedule.Job) {
	for _, c := range f.app.cfg.Sources {
		c = c.Complete()
		if c.Kind == config.SourceS3 && c.Schedule != "off" {
			out = append(out, schedule.Job{Name: "source:" + c.Name, Spec: c.Schedule, Run: func(ctx context.Context, _ time.Time) (string, error) {
				r, err := f.fetch(ctx, c)
				m.received(c.Name, r.Counts)
				return fetched(r), err
			}})
		}
		if c.Kind != config.SourceGraph {
			continue
		}
		out = append(out, schedule.Job{Name: "directory:" + c.Name, Spec: c.DirectorySchedule, Run: func(ctx context.Context, _ time.Time) (string, error) {
			r, err := f.sync(ctx, c)
			return r.String(), err
		}})
		if c.Schedule == "off" {
			continue
		}
		out = append(out, schedule.Job{Name: "source:" + c.Name, Spec: c.Schedule, Run: func(ctx context.Context, _ time.Time) (string, error) {
			r, err := f.poll(ctx, c.Name, time.Time{})
			m.received(c.Name, r.Counts)
			return fmt.Sprintf("%d pages, %d records read, %d accepted, until %s", r.Pages, r.Read, r.Accepted, clock(r.Until)), err
		}})
	}
	return out
}

// collect reads what has come into the inbox folders. One source that fails does not
// stop the others.
func (a *app) collect(ctx context.Context, s *services, m *metrics) (string, error) {
	var did []string
	var bad []error
	for _, source := range a.cfg.Sources {
		if source.Kind != config.SourceInbox {
			continue
		}
		mapping, err := readMapping(source.Mapping)
		if err != nil {
			bad = append(bad, fmt.Errorf("source %s: %w", source.Name, err))
			continue
		}
		report, err := s.ingester.With(mapping).Collect(ctx, ingest.Inbox{
			Name: source.Name, Path: source.Path, Tenant: source.Tenant, Settle: time.Duration(source.Settle),
		}, "source:"+source.Name)
		if err != nil {
			bad = append(bad, err)
		}
		m.received(source.Name, report.Total)
		if len(report.Files) > 0 {
			did = append(did, fmt.Sprintf("%s: %d files, %d records read, %d accepted", source.Name, len(report.Files), report.Total.Read, report.Total.Accepted))
		}
	}
	return strings.Join(did, "; "), errors.Join(bad...)
}

// caseReader is the case log as the console reads it.
type caseReader struct {
	*cases.Pages
	log *cases.Log
}

func (r caseReader) List(ctx context.Context, f console.CaseFilter) ([]cases.Case, error) {
	req := cases.PageRequest{OrganizerID: f.OrganizerID, Status: cases.Status(f.Status), MinScore: f.MinScore}
	if f.TenantID != "" {
		req.Tenants = []string{f.TenantID}
	}
	return r.Outlines(ctx, req)
}

func (r caseReader) Get(ctx context.Context, id string) (cases.Case, error) {
	c, err := r.log.Get(ctx, id)
	if errors.Is(err, cases.ErrNotFound) {
		return c, fmt.Errorf("%w: %w", console.ErrNotFound, err)
	}
	return c, err
}

//go:embed sql/newest_day.sql
var newestDaySQL string

// overview is what the console's first page shows beside the cases: the month that the
// newest call lies in, of all tenants or of those named.
type overview struct{ s *services }

func (o overview) Pools(ctx context.Context, tenants ...string) ([]console.Pool, error) {
	var newest time.Time
	if err := o.s.store.QueryRow(ctx, newestDaySQL, clickhouse.Named("tenants", append([]string{}, tenants...))).Scan(&newest); err != nil {
		return nil, err
	}
	month := usage.MonthOf(newest, time.UTC)
	balances, err := o.s.rater.Balance(ctx, month)
	if errors.Is(err, rating.ErrNotRated) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []console.Pool
	for _, b := range balances {
		p := console.Pool{TenantID: b.TenantID, Tenant: or(b.TenantName, b.TenantID), Month: b.Month, Paid: map[string]int64{
			string(usage.BucketAddon): int64(b.AddonSeconds), string(usage.BucketCredits): int64(b.CreditsSeconds),
			string(usage.BucketUnfunded): int64(b.UnfundedSeconds),
		}}
		for _, pool := range b.Pools {
			p.PoolSeconds += pool.Seconds
			p.UsedSeconds += pool.Used
		}
		out = append(out, p)
	}
	return out, nil
}
