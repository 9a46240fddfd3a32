package report

import (
	"fmt"
	"strings"
)

// Grid is a table with a setting on each line, and beside it the figure of a
// reference and those of several cases, each with its ratio to the reference. Without
// a name for a reference each case has its own, or none.
type Grid struct {
	Reference string
	Cases     []string
	Lines     []Line
}

// Line is one setting. Its findings are one for each case of the grid. In a grid with
// a reference all have that as Other. A Target may be zero.
type Line struct {
	Setting  string
	Findings []Finding
}

// Markdown is the table, empty for a grid without lines.
func (g Grid) Markdown() string {
	if len(g.Lines) == 0 {
		return ""
	}
	columns := g.Cases
	if g.Reference != "" {
		columns = append([]string{g.Reference}, g.Cases...)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| setting | %s |\n", strings.Join(columns, " | "))
	b.WriteString("|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, line := range g.Lines {
		fmt.Fprintf(&b, "| %s |", line.Setting)
		if g.Reference != "" {
			fmt.Fprintf(&b, " %s |", figure(*line.Findings[0].Other))
		}
		for _, f := range line.Findings {
			b.WriteString(" " + g.cell(f) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// cell is a figure, its ratio, and whether that reaches its target.
func (g Grid) cell(f Finding) string {
	text := figure(f.Ours)
	if f.Other != nil {
		if g.Reference == "" {
			text += " to " + figure(*f.Other)
		}
		text = fmt.Sprintf("%s, **%s**", text, number(f.Value()))
	}
	if f.Target == (Target{}) {
		return text
	}
	return fmt.Sprintf("%s (%s: %s)", text, f.Target, yesOrNo(f.Target.Met(f.Value())))
}
