package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fairdial/detector"
	"fairdial/rules"
	"fairdial/rules/pack"
)

// watchEvery is how often the daemon looks whether rule files have changed; it also looks
// before each pass.
const watchEvery = 2 * time.Second

// ruleBook is the rules that the daemon detects with. Those in rules.path are read again
// when they change; what fails lint leaves the old ones in force.
type ruleBook struct {
	app    *app
	folder *rules.Folder // nil without rules.path

	mu      sync.Mutex
	now     *detector.Detector
	inForce rules.Pack
	missing bool // the folder could not be read when it was looked at last

	reloads *prometheus.CounterVec
	refused prometheus.Gauge
	live    *prometheus.GaugeVec
}

// openRuleBook starts with the rules as they are.
func (a *app) openRuleBook(s *services, registry prometheus.Registerer) (*ruleBook, error) {
	b := &ruleBook{
		app: a,
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairdial_rules_reloads_total", Help: "Changes of the rule files in rules.path that were seen, by whether they came into force.",
		}, []string{"outcome"}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairdial_rules_refused", Help: "1 while the rule files in rules.path are not those in force, because they fail lint.",
		}),
		live: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "fairdial_rules_in_force", Help: "Rules in force by status.",
		}, []string{"status"}),
	}
	registry.MustRegister(b.reloads, b.refused, b.live)
	for _, outcome := range []string{"applied", "refused"} {
		b.reloads.WithLabelValues(outcome)
	}
	if path := a.cfg.Rules.Path; path != "" {
		folder, err := rules.WatchFolder(os.DirFS(path))
		if err != nil {
			return nil, err
		}
		b.folder = folder
	}
	d, err := a.newDetector(s)
	if err != nil {
		return nil, err
	}
	b.use(d, *a.inForce.Load())
	return b, nil
}

func (b *ruleBook) use(d *detector.Detector, all rules.Pack) {
	b.now, b.inForce = d, all
	b.app.inForce.Store(&all)
	b.live.Reset()
	for _, r := range all {
		b.live.WithLabelValues(string(r.Status)).Inc()
	}
}

// detector is one with the rules as they are now.
func (b *ruleBook) detector(ctx context.Context) *detector.Detector {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folder != nil {
		b.reload(ctx)
	}
	return b.now
}

// follow looks for changes until ctx ends, so that a mistake is told soon after it was saved.
func (b *ruleBook) follow(ctx context.Context) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			b.detector(ctx)
		}
	}
}

// reload brings changed rule files into force, or says why not.
func (b *ruleBook) reload(ctx context.Context) {
	changed, err := b.folder.Changed()
	if err == nil && !changed && !b.missing || err != nil && b.missing {
		return
	}
	b.missing = err != nil
	var all rules.Pack
	if err == nil {
		all, err = b.read(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	log := b.app.logger
	if err != nil {
		b.reloads.WithLabelValues("refused").Inc()
		b.refused.Set(1)
		mistakes, ok := errors.AsType[*rules.Error](err)
		if !ok {
			log.WarnContext(ctx, "changed rules are not in force, the old ones still are", "path", b.app.cfg.Rules.Path, "error", err)
			return
		}
		for _, p := range mistakes.Problems {
			log.WarnContext(ctx, "changed rules are not in force, the old ones still are",
				"path", b.app.cfg.Rules.Path, "file", p.File, "line", p.Line, "key", p.Key, "mistake", p.Text)
		}
		return
	}
	b.reloads.WithLabelValues("applied").Inc()
	b.refused.Set(0)
	what := rules.Changes(b.inForce, all)
	b.use(b.now.With(all), all)
	log.InfoContext(ctx, "changed rules are in force", "path", b.app.cfg.Rules.Path, "changes", what)
}

// read is the built-in rules with those of the folder over them, linted, and their SQL
// checked by the engine.
func (b *ruleBook) read(ctx context.Context) (rules.Pack, error) {
	all, err := pack.Rules()
	if err != nil {
		return nil, err
	}
	own, err := b.folder.Lint()
	if err != nil {
		return nil, err
	}
	return all.With(own), b.now.Check(ctx, own)
}
