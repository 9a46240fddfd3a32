package report

import (
	"fmt"
	"slices"
	"strings"
)

// Series is one figure of one contestant, a value a round.
type Series struct {
	Name   string
	Unit   string
	Rounds []float64
}

// Median of the rounds.
func (s Series) Median() float64 {
	if len(s.Rounds) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.Rounds))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Spread is the least and the greatest of the rounds.
func (s Series) Spread() (least, greatest float64) {
	if len(s.Rounds) == 0 {
		return 0, 0
	}
	return slices.Min(s.Rounds), slices.Max(s.Rounds)
}

// over is the ratio to another series in each round that both have.
func (s Series) over(other Series) Series {
	ratios := Series{}
	for i, value := range s.Rounds {
		if i < len(other.Rounds) && other.Rounds[i] != 0 {
			ratios.Rounds = append(ratios.Rounds, value/other.Rounds[i])
		}
	}
	return ratios
}

// Target is what a figure or a ratio is held against; the zero value is none.
type Target struct {
	Bound float64
	// AtMost means that smaller is better.
	AtMost bool
	// Unit of the bound, empty for a ratio.
	Unit string
}

// AtLeast and AtMost make targets for ratios.
func AtLeast(bound float64) Target { return Target{Bound: bound} }

// AtMost is the Target of a figure that should be small.
func AtMost(bound float64, unit string) Target { return Target{Bound: bound, AtMost: true, Unit: unit} }

func (t Target) String() string {
	sign := "≥"
	if t.AtMost {
		sign = "≤"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", sign, number(t.Bound), t.Unit))
}

// Met reports whether the value reaches the target.
func (t Target) Met(value float64) bool {
	if t.AtMost {
		return value <= t.Bound
	}
	return value >= t.Bound
}

// Finding is one line of the table: a figure of the product, alone or as the
// median of its ratios to another's in the same round.
type Finding struct {
	Measured string
	Target   Target
	Ours     Series
	Other    *Series
}

// Value is what the target is held against.
func (f Finding) Value() float64 {
	if f.Other == nil {
		return f.Ours.Median()
	}
	return f.Ours.over(*f.Other).Median()
}

// Markdown is the table of the findings, empty for none.
func Markdown(findings []Finding) string {
	if len(findings) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| measured | ratio or figure | target | met | progress-sync | the other |\n|---|---|---|---|---|---|\n")
	for _, f := range findings {
		met := yesOrNo(f.Target.Met(f.Value()))
		other := "–"
		if f.Other != nil {
			other = fmt.Sprintf("%s: %s", f.Other.Name, figure(*f.Other))
		}
		fmt.Fprintf(&b, "| %s | **%s** | %s | %s | %s | %s |\n",
			f.Measured, strings.TrimSpace(number(f.Value())+" "+f.Target.Unit), f.Target, met, figure(f.Ours), other)
	}
	return b.String()
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func figure(s Series) string { return strings.TrimSpace(number(s.Median()) + " " + s.Unit) }

func number(v float64) string {
	switch {
	case v >= 10_000:
		return fmt.Sprintf("%.1fk", v/1000)
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
