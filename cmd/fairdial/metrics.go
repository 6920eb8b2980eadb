package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairdial/ingest"
	"fairdial/schedule"
)

// metrics are what the daemon tells of itself beside its HTTP requests.
type metrics struct {
	runs     *prometheus.CounterVec
	took     *prometheus.HistogramVec
	lastDone *prometheus.GaugeVec
	records  *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer, s *services) *metrics {
	m := &metrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairdial_job_runs_total", Help: "Job runs by how they ended.",
		}, []string{"job", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fairdial_job_seconds", Help: "How long job runs took, in seconds.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 1800},
		}, []string{"job"}),
		lastDone: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "fairdial_job_last_done_timestamp_seconds", Help: "When a job last ended well, Unix time.",
		}, []string{"job"}),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairdial_ingest_records_total", Help: "Records that sources brought, by outcome.",
		}, []string{"source", "outcome"}),
	}
	registry.MustRegister(m.runs, m.took, m.lastDone, m.records, stateCollector{s})
	return m
}

// run counts a record of the job log.
func (m *metrics) run(r schedule.Run) {
	m.runs.WithLabelValues(r.Job, string(r.Outcome)).Inc()
	if r.Outcome == schedule.Done || r.Outcome == schedule.Failed {
		m.took.WithLabelValues(r.Job).Observe(r.Took.Seconds())
	}
	if r.Outcome == schedule.Done {
		m.lastDone.WithLabelValues(r.Job).SetToCurrentTime()
	}
}

// received counts what a source brought.
func (m *metrics) received(source string, c ingest.Counts) {
	for outcome, n := range map[string]uint64{"accepted": c.Accepted, "duplicate": c.Duplicate, "ignored": c.Ignored, "rejected": c.Rejected} {
		m.records.WithLabelValues(source, outcome).Add(float64(n))
	}
}

// stateCollector tells what the store holds at the moment it is asked.
type stateCollector struct{ s *services }

var (
	usageRecords = prometheus.NewDesc("fairdial_usage_revisions", "Usage revisions stored.", nil, nil)
	openCases    = prometheus.NewDesc("fairdial_cases_open", "Cases that are not closed.", nil, nil)
	overdueCases = prometheus.NewDesc("fairdial_cases_overdue", "Cases that nobody has acknowledged or decided on in time (detection.respond_within).", nil, nil)
	lastCall     = prometheus.NewDesc("fairdial_usage_newest_call_timestamp_seconds", "Start of the newest call stored, Unix time.", nil, nil)
)

func (stateCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- usageRecords
	ch <- openCases
	ch <- overdueCases
	ch <- lastCall
}

func (c stateCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var records uint64
	var newest time.Time
	if err := c.s.store.QueryRow(ctx, "SELECT count(), max(started_at) FROM usage_revisions").Scan(&records, &newest); err != nil {
		ch <- prometheus.NewInvalidMetric(usageRecords, err)
	} else {
		ch <- prometheus.MustNewConstMetric(usageRecords, prometheus.GaugeValue, float64(records))
		ch <- prometheus.MustNewConstMetric(lastCall, prometheus.GaugeValue, float64(newest.Unix()))
	}
	open, overdue, err := c.s.openCases(ctx, time.Now())
	if err != nil {
		ch <- prometheus.NewInvalidMetric(openCases, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(openCases, prometheus.GaugeValue, float64(open))
	ch <- prometheus.MustNewConstMetric(overdueCases, prometheus.GaugeValue, float64(overdue))
}
