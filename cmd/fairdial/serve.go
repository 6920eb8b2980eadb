package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"fairdial/access"
	"fairdial/cases"
	"fairdial/console"
	"fairdial/detector"
	"fairdial/enforcement/carry"
	"fairdial/schedule"
	"fairdial/store/replies"
)

// grace is how long work in flight may take to finish or roll back at the end.
const grace = 10 * time.Second

func newServe(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "The daemon: scheduled jobs, inbox folders, console, API, metrics",
		Long: `Run until a signal ends it: pick up usage from the inbox folders, rate, detect, enforce
and alert on the schedules of the configuration (cron, UTC), and serve the console, the
API, /healthz, /readyz and /metrics. Other commands work beside it on the same data.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error { return a.serve(cmd.Context(), s) })
		},
	}
}

// serve runs the daemon until ctx ends.
func (a *app) serve(ctx context.Context, s *services) error {
	if a.getenv("GOGC") == "" {
		debug.SetGCPercent(console.GCPercent)
	}
	keys, err := readKeys(a.cfg.HTTP.APIKeyFile)
	if err != nil {
		return err
	}
	carrier, err := a.carrier(s)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	metrics := newMetrics(registry, s)
	feeds := a.feeds(s)
	book, err := a.openRuleBook(s, registry)
	if err != nil {
		return err
	}
	gate, err := a.gate(s)
	if err != nil {
		return err
	}
	registry.MustRegister(decisionCollector{gate}, healthCollector{s.alerter}, sourceCollector{feeds})
	people, err := access.Open(ctx, s.journal, a.now)
	if err != nil {
		return err
	}
	people.Under(a.terms(keys))
	desk, err := a.desk(s, people)
	if err != nil {
		return err
	}
	push, err := feeds.push(metrics)
	if err != nil {
		return err
	}
	consumers, err := feeds.consumers(metrics)
	if err != nil {
		return err
	}
	life, endTrials := context.WithCancel(ctx)
	bench := &workbench{app: a, s: s, life: life}
	defer bench.running.Wait() // the store closes after it
	defer endTrials()
	ahead := newAhead(s)
	options := a.console(s, carrier, bench, ahead, registry)
	options.Access, options.OpenID, options.Demo, options.ExternalURL = people, a.openID(), a.demo, a.cfg.HTTP.ExternalURL
	options.Decider, options.Push, options.Feeds, options.Slack = gate, push, feeds.shown, a.endpoint(desk)
	options.Troubles = func(ctx context.Context) []string { return append(s.troubles(ctx), feeds.troubles(ctx)...) }
	options.Keys, options.KeyRate, options.TrustedProxies = keys, a.cfg.HTTP.RequestsPerSecond, a.cfg.HTTP.Proxies()
	handler, err := console.New(options)
	if err != nil {
		return err
	}
	scheduler, err := schedule.New(schedule.Options{
		Jobs: a.jobs(s, book, metrics, carrier, feeds, ahead), Recorder: schedule.NewLog(s.journal), Now: a.now,
		Logger: a.logger, Observe: metrics.run, Grace: grace,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", a.cfg.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("http.listen %s: %w; another daemon may be running, or choose another port", a.cfg.HTTP.Listen, err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	a.logger.Info("serving", "address", "http://"+listener.Addr().String(), "dry_run", a.cfg.Enforcement.DryRun, "data", a.cfg.Store.Path)

	a.tellSetUp(people, listener.Addr().String())

	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve http: %w", err)
		}
		return nil
	})
	work.Go(func() error { return scheduler.Run(ctx) })
	for _, consumer := range consumers {
		work.Go(func() error { return consumer.Run(ctx) })
	}
	work.Go(func() error { return gate.Follow(ctx) })
	work.Go(func() error {
		return people.Follow(ctx, func(err error) { a.logger.Error("who may use the console is as it was read before", "error", err) })
	})
	work.Go(func() error { return book.follow(ctx) })
	work.Go(func() error { return ahead.run(ctx) })
	work.Go(func() error { handler.KeepPrepared(ctx, a.logger); return nil })
	if desk != nil {
		work.Go(func() error { return desk.Run(ctx) })
		work.Go(func() error { return a.listen(ctx, desk) })
	}
	work.Go(func() error {
		<-ctx.Done()
		a.logger.Info("stopping: what is in flight finishes or rolls back", "within", grace)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		return server.Shutdown(end)
	})
	return work.Wait()
}

// console is what the console shows, and what it does; who may come is for who serves it.
func (a *app) console(s *services, carrier *carry.Carrier, bench *workbench, ahead *ahead, registry *prometheus.Registry) console.Options {
	lists := cases.NewPages(s.store)
	return console.Options{
		Cases: caseReader{lists, s.cases}, Replies: replies.New(s.store, a.now, a.newID), Overview: overview{s}, Ratings: ratings{s, ahead}, Conn: s.store,
		Desk: caseDesk{a, s, carrier}, Books: financeBooks{s.books, s, ahead, lists, a.now}, Intake: intake{s}, Rules: rulesInForce{a, s, lists, &detector.RecordMemo{}}, Workbench: bench,
		Plans: planNames(a.cfg.Licences), SavedViews: s.journal, Checks: a.checks(s), SlackStatus: a.slackStatus(s), Ready: s.ready, Metrics: registry, Registry: registry, Now: a.now, Logger: a.logger,
	}
}

// readKeys reads one API key a line; empty lines and lines that start with # are not keys.
func readKeys(file string) ([]console.Key, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("keys: %w; create the file or remove the key from the configuration", err)
	}
	var keys []console.Key
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := console.ParseKey(line)
		if err != nil {
			return nil, fmt.Errorf("keys in %s: %w", file, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no key", file)
	}
	return keys, nil
}
