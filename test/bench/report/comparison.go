package report

import (
	"fmt"
	"strings"
)

// Comparison is a figure of two builds of the product that took turns.
type Comparison struct {
	Measured   string
	This, That Series
}

// Comparisons is the table of how the builds differ: the median of the ratios
// within a round, and the least and the greatest of them. It is empty for none.
func Comparisons(list []Comparison) string {
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| measured | %s | the other build | ratio | least to greatest |\n|---|---|---|---|---|\n", list[0].This.Name)
	for _, c := range list {
		ratios := c.This.over(c.That)
		least, greatest := ratios.Spread()
		fmt.Fprintf(&b, "| %s | %s | %s: %s | **%s** | %s to %s |\n",
			c.Measured, figure(c.This), c.That.Name, figure(c.That), number(ratios.Median()), number(least), number(greatest))
	}
	return b.String()
}
