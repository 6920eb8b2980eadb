package console

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"fairdial/rating"
)

// plot is the frame of a chart of minutes over days: where a day and an amount lie in it.
type plot struct {
	strings.Builder
	l        locale
	from, to time.Time
	most     int64 // seconds, at the top
	width    float64
	lane     float64 // height of the lane below the days, for single calls
}

const (
	plotTop    = 18.0
	plotBase   = 158.0 // where nothing lies
	plotGutter = 64.0  // of the figures on the left
)

// framed begins a chart whose label says what it shows.
func framed(l locale, width, lane float64, from, to time.Time, most int64, label string) *plot {
	p := &plot{l: l, from: from, to: to, width: width, lane: lane}
	step := tick(float64(most) / 60 / 4)
	p.most = max(int64(step*math.Ceil(float64(most)/60/step))*60, 60)
	fmt.Fprintf(p, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`, width, plotBase+lane+20, label)
	for at := 0.0; int64(at)*60 <= p.most; at += step {
		y := p.y(int64(at) * 60)
		fmt.Fprintf(p, `<line class="axis" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f"/><text x="%.0f" y="%.1f" text-anchor="end">%s</text>`,
			plotGutter, width, y, y, plotGutter-6, y+4, l.whole(int64(at)))
	}
	fmt.Fprintf(p, `<text x="%.0f" y="9">minutes</text>`, plotGutter)
	every := 1
	for p.x(from.AddDate(0, 0, every))-plotGutter < 86 && every < 400 {
		every++
	}
	for day := from; day.Before(to); day = day.AddDate(0, 0, every) {
		if x := p.x(day); x+62 <= width {
			fmt.Fprintf(p, `<line class="axis" x1="%.1f" x2="%.1f" y1="%.0f" y2="%.0f"/><text x="%.1f" y="%.0f">%s</text>`,
				x, x, plotBase, plotBase+4, x, plotBase+lane+16, day.UTC().Format(time.DateOnly))
		}
	}
	return p
}

// tick is the round number of minutes next above one: 1, 2 or 5 and noughts.
func tick(minutes float64) float64 {
	if minutes <= 1 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(minutes)))
	for _, n := range []float64{1, 2, 5} {
		if minutes <= n*unit {
			return n * unit
		}
	}
	return 10 * unit
}

func (p *plot) x(t time.Time) float64 {
	return plotGutter + (p.width-plotGutter)*float64(t.Sub(p.from))/float64(p.to.Sub(p.from))
}

func (p *plot) y(seconds int64) float64 {
	return plotTop + (plotBase-plotTop)*(1-float64(seconds)/float64(p.most))
}

// line joins amounts at times.
func (p *plot) line(class string, points []amountAt) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(p, `<polyline class="%s" points="`, class)
	for _, at := range points {
		fmt.Fprintf(p, "%.1f,%.1f ", p.x(at.At), p.y(at.Seconds))
	}
	p.WriteString(`"/>`)
}

func (p *plot) end() string {
	p.WriteString(`</svg>`)
	return p.String()
}

// amountAt is a point of a line.
type amountAt struct {
	At      time.Time
	Seconds int64
}

// dayPlot is use by day, beside what is usual and what peers use, and single calls.
type dayPlot struct {
	From, To time.Time
	Days     []dayUse
	Usual    int64     // seconds; 0 for no line
	Peers    []peerDay // what the heaviest of the others use
	Calls    []call    // that prove a finding
}

// dayChart is minutes a day, with a line at the usual day, one of the peers, a mark over each
// day with calls that prove a finding, and a stroke below for each such call.
func dayChart(l locale, c dayPlot) template.HTML {
	if !c.To.After(c.From) || len(c.Days) == 0 {
		return ""
	}
	most, label := c.Usual, "Minutes of each day"
	for _, d := range c.Days {
		most = max(most, d.Seconds)
	}
	for _, d := range c.Peers {
		most = max(most, d.High)
	}
	lane := 0.0
	if len(c.Calls) > 0 {
		lane, label = 16, label+" and the calls that prove findings"
	}
	label = fmt.Sprintf("%s, %s to %s; the table below has the figures", label, c.From.UTC().Format(time.DateOnly), c.To.UTC().Format(time.DateOnly))
	return wideAndNarrow(func(width float64) string {
		p := framed(l, width, lane, c.From, c.To, most, label)
		step := p.x(c.From.AddDate(0, 0, 1)) - plotGutter
		for _, d := range c.Days {
			x, y := p.x(d.Day), p.y(d.Seconds)
			fmt.Fprintf(p, `<rect class="day" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s: %s min, %s calls</title></rect>`,
				x, y, max(step-1, 1), plotBase-y, d.Day.UTC().Format(time.DateOnly), l.minutes(d.Seconds), l.whole(d.Calls))
			if d.Flagged > 0 {
				fmt.Fprintf(p, `<circle class="mark" cx="%.1f" cy="%.1f" r="3.5"/>`, x+step/2, y-6)
			}
		}
		if c.Usual > 0 {
			p.line("own", []amountAt{{c.From, c.Usual}, {c.To, c.Usual}})
		}
		peers := make([]amountAt, len(c.Peers))
		for i, d := range c.Peers {
			peers[i] = amountAt{d.Day.Add(12 * time.Hour), d.High}
		}
		p.line("peers", peers)
		for _, one := range c.Calls {
			fmt.Fprintf(p, `<line class="proof" x1="%.1f" x2="%.1f" y1="%.0f" y2="%.0f"><title>%s: %s min</title></line>`,
				p.x(one.At), p.x(one.At), plotBase+5, plotBase+lane-1, clock(one.At), l.minutes(one.Seconds))
		}
		return p.end()
	})
}

// poolLeft is what was left of a pool at the end of a day.
type poolLeft struct {
	Day         time.Time
	Drawn, Left int64 // seconds
}

// burn is what was left of a pool day by day, from its first to the last that is known.
func burn(s rating.PoolStanding) (out []poolLeft) {
	left := s.Seconds
	for _, d := range s.Days {
		day, err := time.Parse(time.DateOnly, d.Day)
		if err != nil {
			continue // the store gives days
		}
		left -= d.Drawn
		out = append(out, poolLeft{day, d.Drawn, left})
	}
	return out
}

// burnChart is what is left of a pool over its month, beside an even pace.
func burnChart(l locale, s rating.PoolStanding) template.HTML {
	from, err := time.Parse("2006-01", s.Month)
	if err != nil || s.Seconds <= 0 {
		return ""
	}
	to := from.AddDate(0, 1, 0)
	points, last := []amountAt{{from, s.Seconds}}, s.Seconds
	for _, d := range burn(s) {
		points = append(points, amountAt{d.Day, last}, amountAt{d.Day.AddDate(0, 0, 1), d.Left})
		last = d.Left
	}
	until := s.At // nobody knows what has been drawn since
	if s.DataUntil != nil && s.DataUntil.Before(until) {
		until = *s.DataUntil
	}
	if until.After(to) {
		until = to
	}
	if until.After(points[len(points)-1].At) {
		points = append(points, amountAt{until, last})
	}
	label := "Minutes left of the pool over " + s.Month + ", beside an even pace; the table below has the figures"
	return wideAndNarrow(func(width float64) string {
		p := framed(l, width, 0, from, to, s.Seconds, label)
		p.line("own", []amountAt{{from, s.Seconds}, {to, 0}})
		p.line("left", points)
		return p.end()
	})
}
