package scorecard

import (
	"fmt"
	"io"
	"strings"
)

// Run is one world that detection was measured on.
type Run struct {
	Name       string
	Organizers []Organizer
}

// WriteMarkdown writes the figures of all runs together, and each one's.
func WriteMarkdown(w io.Writer, runs []Run, threshold int) error {
	var all []Organizer
	for _, r := range runs {
		all = append(all, r.Organizers...)
	}
	c := New(all, threshold)
	m := &markdown{}
	m.line("An alert is a case with a risk of %d or more. %d organizers, %d of them abusers, %d alerts.", c.Threshold, c.Organizers, c.Abusers, c.Alerts)
	m.head("run", "organizers", "abusers", "precision", "recall", "PR-AUC", "Brier", "median delay", "p90 delay", "minutes to come")
	for _, r := range runs {
		m.figures(r.Name, New(r.Organizers, threshold))
	}
	if len(runs) > 1 {
		m.figures("**all**", c)
	}
	m.line("\n### What a risk means\n")
	m.head("risk", "cases", "of them abuse", "share", "mean risk", "95 % interval of the share")
	for _, b := range c.Reliability {
		m.row(fmt.Sprintf("%d–%d", b.From, b.To), whole(b.Abuse.Whole), whole(b.Abuse.Part), percent(b.Abuse),
			fmt.Sprintf("%.1f %%", 100*b.Mean), fmt.Sprintf("%.0f–%.0f %%", 100*b.Low, 100*b.High))
	}
	m.line("\n### Abuse by shape\n")
	m.head("shape", "organizers", "found", "median delay", "p90 delay", "minutes to come")
	for _, s := range c.Shapes {
		m.row(s.Name, whole(s.Recall.Whole), whole(s.Recall.Part), hours(s.Delay.Count, s.Delay.Median), hours(s.Delay.Count, s.Delay.P90), percent(s.ToCome))
	}
	m.line("\n### Honest organizers with an alert\n")
	m.groups("archetype", c.Archetypes)
	m.line("")
	m.groups("tenure", c.Tenures)
	m.line("\n### Rules, by organizers with a finding\n")
	m.head("rule", "organizers", "abuse", "share", "by it alone", "abuse")
	for _, r := range c.Rules {
		m.row(r.ID, whole(r.Precision.Whole), whole(r.Precision.Part), percent(r.Precision), whole(r.Alone.Whole), whole(r.Alone.Part))
	}
	_, err := io.WriteString(w, m.String())
	return err
}

type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *markdown) row(cells ...string) { m.line("%s", "| "+strings.Join(cells, " | ")+" |") }

// head begins a table; all columns but the first are figures.
func (m *markdown) head(cells ...string) {
	if m.Len() > 0 && !strings.HasSuffix(m.String(), "\n\n") {
		m.line("")
	}
	m.row(cells...)
	m.line("%s", "|---|"+strings.Repeat("---:|", len(cells)-1))
}

func (m *markdown) figures(name string, c Card) {
	m.row(name, whole(int64(c.Organizers)), whole(int64(c.Abusers)), percent(c.Precision), percent(c.Recall), fmt.Sprintf("%.3f", c.PRAUC),
		fmt.Sprintf("%.3f", c.Brier), hours(c.Delay.Count, c.Delay.Median), hours(c.Delay.Count, c.Delay.P90), percent(c.ToCome))
}

func (m *markdown) groups(name string, groups []Group) {
	m.head(name, "organizers", "with an alert", "share")
	for _, g := range groups {
		m.row(g.Name, whole(g.FalsePositives.Whole), whole(g.FalsePositives.Part), percent(g.FalsePositives))
	}
}

func whole(n int64) string { return fmt.Sprintf("%d", n) }

func percent(s Share) string {
	v, ok := s.Of()
	if !ok {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*v)
}

func hours(count int, h float64) string {
	if count == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f h", h)
}
