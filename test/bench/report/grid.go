package report

import (
	"fmt"
	"strings"
)

// Grid is a table with a setting on each line, and beside it the figure of a
// reference and those of several cases, each with its ratio to the reference.
type Grid struct {
	Reference string
	Cases     []string
	Lines     []Line
}

// Line is one setting. Its findings are one for each case of the grid; all have
// the reference as Other, and a Target that may be zero.
type Line struct {
	Setting  string
	Findings []Finding
}

// Markdown is the table, empty for a grid without lines.
func (g Grid) Markdown() string {
	if len(g.Lines) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| setting | %s | %s |\n", g.Reference, strings.Join(g.Cases, " | "))
	b.WriteString("|---|---|" + strings.Repeat("---|", len(g.Cases)) + "\n")
	for _, line := range g.Lines {
		fmt.Fprintf(&b, "| %s | %s |", line.Setting, figure(*line.Findings[0].Other))
		for _, f := range line.Findings {
			b.WriteString(" " + cell(f) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// cell is a figure, its ratio, and whether that reaches its target.
func cell(f Finding) string {
	text := fmt.Sprintf("%s, **%s**", figure(f.Ours), number(f.Value()))
	if f.Target == (Target{}) {
		return text
	}
	return fmt.Sprintf("%s (%s: %s)", text, f.Target, yesOrNo(f.Target.Met(f.Value())))
}
