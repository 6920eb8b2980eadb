package main

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far long work has come: a bar where a person watches stderr,
// a log line now and then elsewhere.
type progress struct {
	title  string
	unit   string // "bytes" or what is counted
	w      io.Writer
	logger *slog.Logger
	now    func() time.Time

	bar    *progressbar.ProgressBar
	total  int64
	logged time.Time
}

// progressEvery is how often a log line tells of progress.
const progressEvery = 5 * time.Second

func (a *app) progress(title, unit string) *progress {
	p := &progress{title: title, unit: unit, w: a.stderr, logger: a.logger, now: a.now, logged: a.now()}
	if !terminal(a.stderr) {
		p.w = nil
	}
	return p
}

// Set says that done of total are done. The total may grow.
func (p *progress) Set(done, total int64) {
	if p.w == nil {
		if now := p.now(); now.Sub(p.logged) >= progressEvery {
			p.logged = now
			p.logger.Info("progress", "work", p.title, "done", done, "total", total, "unit", p.unit, "percent", percent(done, total))
		}
		return
	}
	if p.bar == nil {
		p.total = total
		p.bar = progressbar.NewOptions64(max(total, 1),
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription(fmt.Sprintf("%-10s", p.title)),
			progressbar.OptionShowBytes(p.unit == "bytes"),
			progressbar.OptionShowCount(),
			progressbar.OptionSetItsString(p.unit),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionFullWidth(),
		)
	}
	if total != p.total && total > 0 {
		p.total = total
		p.bar.ChangeMax64(total)
	}
	// A bar that cannot be drawn is no reason to stop the work.
	_ = p.bar.Set64(done)
}

// Done takes the bar away.
func (p *progress) Done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

func percent(done, total int64) int64 {
	if total <= 0 {
		return 0
	}
	return done * 100 / total
}
