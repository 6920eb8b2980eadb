package console

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// Charts are SVG made here, of numbers and fixed words alone: no text from outside enters
// one, so that they are safe as they are. Beside each stands a table with the same figures.

// paidBar is one bar with the share of each bucket.
func paidBar(all []paid, total int64) template.HTML {
	if total <= 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<svg viewBox="0 0 600 20" role="img" aria-label="Share of the minutes that each bucket paid; the table below has the figures">`)
	x := 0.0
	for _, p := range all {
		width := 600 * float64(p.Seconds) / float64(total)
		fmt.Fprintf(&b, `<rect class="b-%s" x="%.1f" y="0" width="%.1f" height="20"/>`, p.Bucket, x, width)
		x += width
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // numbers and fixed words, see above
}

// dayChart is an organizer's minutes a day, with a line at the usual day and a mark over
// each day with calls that prove a finding.
func dayChart(h habits, from, to time.Time) template.HTML {
	days := int(to.Sub(from).Hours() / 24)
	if days <= 0 || len(h.Days) == 0 {
		return ""
	}
	most := h.Usual
	for _, d := range h.Days {
		most = max(most, d.Seconds)
	}
	const width, height, top = 900.0, 150.0, 14.0
	y := func(seconds int64) float64 { return top + (height-top)*(1-float64(seconds)/float64(max(most, 1))) }
	step := width / float64(days)
	var b strings.Builder
	b.WriteString(`<svg viewBox="0 0 900 172" role="img" aria-label="Minutes of each day, flagged days marked; the table below has the figures">`)
	for _, d := range h.Days {
		x := d.Day.Sub(from).Hours() / 24 * step
		fmt.Fprintf(&b, `<rect class="day" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s: %s min, %d calls</title></rect>`,
			x, y(d.Seconds), max(step-1, 1), height-y(d.Seconds), d.Day.UTC().Format(time.DateOnly), grouped(d.Seconds/60), d.Calls)
		if d.Flagged > 0 {
			fmt.Fprintf(&b, `<circle class="mark" cx="%.1f" cy="%.1f" r="3.5"/>`, x+step/2, y(d.Seconds)-6)
		}
	}
	fmt.Fprintf(&b, `<line class="own" x1="0" x2="900" y1="%.1f" y2="%.1f"/><line class="axis" x1="0" x2="900" y1="150" y2="150"/>`, y(h.Usual), y(h.Usual))
	fmt.Fprintf(&b, `<text x="0" y="166">%s</text><text x="900" y="166" text-anchor="end">%s</text></svg>`, from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly))
	return template.HTML(b.String()) //nolint:gosec // numbers and dates, see above
}

// hourChart is the heat of each hour of the week.
func hourChart(hours []hourUse) template.HTML {
	if len(hours) == 0 {
		return ""
	}
	most := int64(1)
	for _, h := range hours {
		most = max(most, h.Seconds)
	}
	var heat [8][24]int64
	for _, h := range hours {
		heat[h.Weekday&7][h.Hour%24] = h.Seconds
	}
	var b strings.Builder
	b.WriteString(`<svg viewBox="0 0 520 166" role="img" aria-label="Minutes by hour of the week, UTC">`)
	for day := 1; day <= 7; day++ {
		fmt.Fprintf(&b, `<text x="0" y="%d">%s</text>`, day*20-6, time.Weekday(day % 7).String()[:3])
		for hour, seconds := range heat[day] {
			level := 0
			if seconds > 0 {
				level = 1 + int(seconds*4/most)
			}
			fmt.Fprintf(&b, `<rect class="h%d" x="%d" y="%d" width="18" height="18"><title>%s %02d:00: %s min</title></rect>`,
				level, 32+hour*20, day*20-20, time.Weekday(day%7), hour, grouped(seconds/60))
		}
	}
	for hour := 0; hour < 24; hour += 6 {
		fmt.Fprintf(&b, `<text x="%d" y="158">%02d</text>`, 32+hour*20, hour)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // numbers and fixed words, see above
}
