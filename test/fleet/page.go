package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/report"
)

// line of the table: the same figure in each situation, the easy one first. The
// target holds for all of them.
type line struct {
	measured string
	target   report.Target
	values   []float64
}

func (l line) String() string {
	met := "yes"
	var cells strings.Builder
	for _, value := range l.values {
		if !l.target.Met(value) {
			met = "no"
		}
		fmt.Fprintf(&cells, " %s |", strings.TrimSpace(fmt.Sprintf("%.3g %s", value, l.target.Unit)))
	}
	return fmt.Sprintf("| %s |%s %s | %s |\n", l.measured, cells.String(), l.target, met)
}

// table of what was found.
func table(all []figures, calm, burst time.Duration) string {
	var b strings.Builder
	b.WriteString("| measured |")
	for _, s := range situations() {
		b.WriteString(" " + s.name + " |")
	}
	b.WriteString(" target | met |\n" + strings.Repeat("|---", len(situations())+3) + "|\n")
	each := func(measured string, target report.Target, of func(figures) float64) {
		l := line{measured: measured, target: target}
		for _, f := range all {
			l.values = append(l.values, of(f))
		}
		b.WriteString(l.String())
	}
	each("CPU of the operator", report.AtMost(0.1, "cores"), func(f figures) float64 { return f.cores })
	each("resident memory of the operator", report.AtMost(200, "MiB"), func(f figures) float64 { return f.mebibytes })
	each("status writes a policy and 10 s", report.AtMost(1, ""), func(f figures) float64 { return f.writes })
	each("from a change in every sidecar until every status has it", report.AtMost(30, "s"), func(f figures) float64 { return f.fresh })

	fmt.Fprintf(&b, "\n| measured | one pod after the other | %d pods at a time | target | met |\n|---|---|---|---|---|\n", atOnce)
	milliseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.WriteString(line{
		"injection, p99 of the time in the webhook (upper bound of its bucket)", report.AtMost(5, "ms"),
		[]float64{milliseconds(calm), milliseconds(burst)},
	}.String())
	return b.String()
}

// write the fleet's part of the page.
func write(o options, table string) error {
	var b strings.Builder
	b.WriteString("## The operator with a fleet\n\n")
	fmt.Fprintf(&b, "Written by `make bench-fleet`; don't edit. %d policies select %d pods, which a real API server holds; the sidecars' status documents are "+
		"served by one process. The API server, etcd and that process share the machine's cores with the operator.\n\n%s, %d cores, %s, windows of %s.\n\n",
		o.policies, o.sidecars, time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), runtime.Version(), o.window)
	b.WriteString(table)
	return report.WritePart(o.out, "fleet", b.String())
}
