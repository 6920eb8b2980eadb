package console

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// Charts are SVG made here, of numbers and fixed words alone: no text from outside enters
// one, so that they are safe as they are. Beside each stands a table with the same figures.
// Each is drawn for a wide and for a narrow screen, so that its letters keep their size.

func drawn(b string) template.HTML { return template.HTML(b) } //nolint:gosec // numbers and fixed words, see above

// wideAndNarrow is a chart for both kinds of screen, of which one is shown.
func wideAndNarrow(draw func(width float64) string) template.HTML {
	return drawn(`<div class="chart broad">` + draw(900) + `</div><div class="chart slim">` + draw(330) + `</div>`)
}

// paidBar is one bar with the share of each bucket.
func paidBar(all []paid, total int64) template.HTML {
	if total <= 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<svg class="bar" viewBox="0 0 600 14" preserveAspectRatio="none" role="img" aria-label="Share of the minutes that each bucket paid; the table below has the figures">`)
	x := 0.0
	for _, p := range all {
		width := 600 * float64(p.Seconds) / float64(total)
		fmt.Fprintf(&b, `<rect class="b-%s" x="%.1f" y="0" width="%.1f" height="14"/>`, p.Bucket, x, width)
		x += width
	}
	b.WriteString(`</svg>`)
	return drawn(b.String())
}

// hourChart is the heat of each hour of the week. The busiest hour is framed, so that it is
// found without colour.
func hourChart(l locale, hours []hourUse) template.HTML {
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
	return drawn(`<div class="chart broad">` + heatOf(l, heat, most, 20, 3) + `</div><div class="chart slim">` + heatOf(l, heat, most, 12, 6) + `</div>`)
}

// heatOf draws hours of the week as squares of a width, with the time at every so many of them.
func heatOf(l locale, heat [8][24]int64, most int64, wide, every int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="heat" viewBox="0 0 %d 190" role="img" aria-label="Minutes by hour of the week, UTC; the table below has the figures">`, 36+24*wide)
	for day := 1; day <= 7; day++ {
		fmt.Fprintf(&b, `<text x="0" y="%d">%s</text>`, day*20-6, time.Weekday(day % 7).String()[:3])
		for hour, seconds := range heat[day] {
			level := 0
			if seconds > 0 {
				level = 1 + int(seconds*4/most)
			}
			fmt.Fprintf(&b, `<rect class="h%d" x="%d" y="%d" width="%d" height="18"><title>%s %02d:00: %s min</title></rect>`,
				level, 32+hour*wide, day*20-20, wide-2, time.Weekday(day%7), hour, l.minutes(seconds))
		}
	}
	for hour := 0; hour < 24; hour += every {
		fmt.Fprintf(&b, `<text x="%d" y="155">%02d:00</text>`, 32+hour*wide, hour)
	}
	b.WriteString(`<text x="32" y="184">0</text>`)
	for level := 0; level <= 5; level++ {
		fmt.Fprintf(&b, `<rect class="h%d" x="%d" y="174" width="%d" height="12"/>`, level, 46+level*wide, wide-2)
	}
	fmt.Fprintf(&b, `<text x="%d" y="184">%s minutes, the busiest hour (framed)</text></svg>`, 52+6*wide, l.minutes(most))
	return b.String()
}
