package app

import (
	"fmt"
	"html/template"
	"strings"
)

// The plot's measures, in its own units.
const (
	plotWidth  = 480
	plotHeight = 200
	plotLeft   = 34
	plotFoot   = 24
	plotBar    = 40 // no bar is wider
)

// plot draws what became of the cases of each day as stacked bars: recovered, not, and still open. It is drawn
// here and not by a library: colours have to follow the page's theme, which needs classes in place of the
// styles that our policy forbids. The table beside it has the same numbers.
func (v *visit) plot(days []figures) template.HTML {
	if len(days) == 0 {
		return ""
	}
	most := int64(1)
	for i := range days {
		most = max(most, days[i].Opened)
	}
	step := niceStep(most)
	top := (most + step - 1) / step * step
	height := func(n int64) float64 { return float64(n) / float64(top) * (plotHeight - plotFoot - 8) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot" viewBox="0 0 %d %d" role="img" aria-label="%s">`, plotWidth, plotHeight,
		template.HTMLEscapeString(v.say("Cases by day: recovered, not recovered, still open")))
	base := float64(plotHeight - plotFoot)
	for n := int64(0); n <= top; n += step {
		y := base - height(n)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text class="axis" x="%d" y="%.1f" text-anchor="end">%d</text>`,
			plotLeft, plotWidth, y, y, plotLeft-6, y+4, n)
	}
	slot := float64(plotWidth-plotLeft) / float64(len(days))
	every := (len(days) + 6) / 7
	for i := range days {
		d := &days[i]
		w := min(slot*.7, plotBar)
		x := plotLeft + slot*(float64(i)+.5) - w/2
		fmt.Fprintf(&b, `<g><title>%s: %d, %d, %d</title>`, template.HTMLEscapeString(d.Name), d.Recovered, d.Opened-d.Recovered-d.Open, d.Open)
		y := base
		for _, part := range []struct {
			class string
			n     int64
		}{{"recovered", d.Recovered}, {"lost", d.Opened - d.Recovered - d.Open}, {"still", d.Open}} {
			if h := height(part.n); h > 0 {
				y -= h
				fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, part.class, x, y, w, h)
			}
		}
		b.WriteString(`</g>`)
		if i%every == 0 {
			fmt.Fprintf(&b, `<text class="axis" x="%.1f" y="%d" text-anchor="middle">%s</text>`, x+w/2, plotHeight-6, template.HTMLEscapeString(d.Name))
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // numbers, and names that are escaped
}

// niceStep is what an axis to a number counts in: 1, 2 or 5 times a power of ten, at most five lines.
func niceStep(most int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, times := range []int64{1, 2, 5} {
			if unit*times*5 >= most {
				return unit * times
			}
		}
	}
}
