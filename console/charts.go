package console

import (
	"fmt"
	"html/template"
	"strings"
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
