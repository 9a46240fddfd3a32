package report

import (
	"fmt"
	"html"
	"strings"
)

const (
	chartWidth = 760
	labelWidth = 300
	barHeight  = 18
	rowHeight  = 26
	chartTop   = 44
)

// Chart draws one horizontal bar a series, all in one unit, as an SVG that
// reads on light and dark pages.
func Chart(title string, series []Series) string {
	longest := 0.0
	for _, s := range series {
		longest = max(longest, s.Median())
	}
	height := chartTop + rowHeight*len(series) + 12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s" font-family="system-ui, sans-serif" font-size="13">`+"\n",
		chartWidth, height, html.EscapeString(title))
	b.WriteString("<style>text{fill:#1f2328}.o{fill:#0969da}.x{fill:#8c959f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.o{fill:#4493f8}.x{fill:#656d76}}</style>\n")
	fmt.Fprintf(&b, `<text x="8" y="24" font-size="15" font-weight="600">%s</text>`+"\n", html.EscapeString(title))
	for i, s := range series {
		y := chartTop + i*rowHeight
		width := 0.0
		if longest > 0 {
			width = s.Median() / longest * (chartWidth - labelWidth - 90)
		}
		class := "x"
		if strings.HasPrefix(s.Name, "progress-sync") {
			class = "o"
		}
		fmt.Fprintf(&b, `<text x="8" y="%d">%s</text>`, y+14, html.EscapeString(s.Name))
		fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class, labelWidth, y, max(width, 1), barHeight)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%s</text>`+"\n", labelWidth+width+8, y+14, html.EscapeString(figure(s)))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
