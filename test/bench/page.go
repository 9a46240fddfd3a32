package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/test/bench/report"
)

// sidecarPage is the part of docs/benchmarks.md on one sidecar.
func sidecarPage(s *suite) string {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\n")
	b.WriteString("Written by `make bench`; don't edit. Each line is the median over the rounds of the ratio within a round, " +
		"contestants taking turns; a bound without a second contestant holds the figure itself. " +
		"The load generator shares the machine's cores with what it measures.\n\n" +
		"The first table has an easy working set beside a hard one, which keeps the buffer above its high-water mark, so that the sidecar " +
		"writes to Postgres all the time. In bold is the ratio to the decode-only server.\n\n")
	b.WriteString(s.machine() + "\n\n" + s.tables())
	b.WriteString("\n![Acknowledged updates a second](benchmarks.svg)\n\n")
	b.WriteString("*read only* is a net/http handler that reads the body, *decode only* decodes it too with encoding/json, " +
		"*an upsert per update* is an app that writes each update to Postgres over a pgx pool, arrays pipelined; " +
		"*hand-written* is one `INSERT … SELECT FROM unnest … ON CONFLICT` a batch on one connection.\n")
	if s.connect == "" {
		b.WriteString("\nThe stream processor was not measured in this run: `make bench CONNECT=path` names its binary.\n")
	}
	return b.String()
}

// machine says when and on what it was measured.
func (s *suite) machine() string {
	return fmt.Sprintf("%s, %d cores, %s, %s; %d rounds of %s a measurement; PostgreSQL with its default durability on the same disk.",
		time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), processor(), runtime.Version(), s.rounds, s.each)
}

// tables are what was found, but on pods, which have a part of the page.
func (s *suite) tables() string {
	var parts []string
	for _, table := range []string{s.grid.Markdown(), report.Markdown(s.findings), report.Comparisons(s.comparisons)} {
		if table != "" {
			parts = append(parts, table)
		}
	}
	return strings.Join(parts, "\n")
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(info)) {
		if _, name, ok := strings.Cut(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}
