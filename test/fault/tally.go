package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/learner"
	"github.com/progress-sync/progress-sync/test/truth"
)

// tally is what a run has done so far.
type tally struct {
	seed uint64

	mu       sync.Mutex
	injected map[string]int64
	// missing faults and why this machine can't have them.
	missing map[string]string

	acknowledged, uncertain, repeated int64
	reads, stale, behind, ahead       int64
	batches                           int64
	keys, wrong                       int
	keysOf                            map[string]int
	eventsOf, againOf                 map[string]int
	push                              pushFigures
	lost, doubled                     int64
	findings                          []string
}

func newTally(seed uint64) *tally {
	return &tally{seed: seed, injected: map[string]int64{}, missing: map[string]string{}, keysOf: map[string]int{}, eventsOf: map[string]int{}, againOf: map[string]int{}}
}

func (t *tally) began(fault string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.injected[fault]++
}

// compared adds the result of a round in one of the tables.
func (t *tally) compared(table string, r truth.Report, load *learner.Load) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acknowledged += r.Acknowledged
	t.uncertain += r.Uncertain
	t.repeated += load.Repeated()
	t.injected["request given up before its answer"] += load.Abandoned()
	all, stale, behind, ahead := load.Reads()
	t.reads, t.stale, t.behind, t.ahead = t.reads+all, t.stale+stale, t.behind+behind, t.ahead+ahead
	t.keys += r.Keys
	t.keysOf[table] += r.Keys
	t.lost += r.Lost
	t.doubled += r.Doubled
	t.wrong += r.Wrong
	if err := r.Err(); err != nil {
		t.findings = append(t.findings, table+": "+err.Error())
	}
}

// told has the events of a table so far, and how many of them a reader got again.
func (t *tally) told(table string, events, again int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.eventsOf[table], t.againOf[table] = events, again
}

// pushed has what was sent to the receiver of events so far, and the dead letters of a
// round.
func (t *tally) pushed(f pushFigures) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.deadLetters += t.push.deadLetters
	t.push = f
}

// passed is told how many batches sidecars have handed on.
func (t *tally) passed(batches int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.batches = batches
}

// viewed adds how views differ from the rows that they are of.
func (t *tally) viewed(differences []string) {
	if n := len(differences); n > 0 {
		t.found(fmt.Errorf("views for statistics are wrong in %d rows, first %s", n, differences[0]))
	}
}

// addedUp adds how the days of learners differ from the rows that they are of.
func (t *tally) addedUp(differences []string) {
	if n := len(differences); n > 0 {
		t.found(fmt.Errorf("days of %d learners are wrong, first %s", n, differences[0]))
	}
}

// found adds what went wrong besides.
func (t *tally) found(errs ...error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, err := range errs {
		if err != nil {
			t.findings = append(t.findings, err.Error())
		}
	}
}

func (t *tally) faults() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var n int64
	for _, count := range t.injected {
		n += count
	}
	return n
}

// uninjected is an error that names the faults that this machine can't have, and those
// of the due ones that did not happen, if there are any.
func (t *tally) uninjected(due []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	if len(t.missing) > 0 {
		errs = append(errs, fmt.Errorf("not every fault was injected, which CI asks for (%s): give this machine what the report says it lacks, or unset CI",
			strings.Join(slices.Sorted(maps.Keys(t.missing)), "; ")))
	}
	var never []string
	for _, name := range due {
		if t.injected[name] == 0 {
			never = append(never, name)
		}
	}
	if len(never) > 0 {
		slices.Sort(never)
		errs = append(errs, fmt.Errorf("faults did not happen, which CI asks for (%s): see the trace for what takes so long",
			strings.Join(slices.Compact(never), "; ")))
	}
	return errors.Join(errs...)
}

// clean reports whether everything was as promised.
func (t *tally) clean() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.findings) == 0
}

// print writes the report.
func (t *tally) print(w io.Writer, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const line = "%-46s %12v\n"
	write := func(format string, arguments ...any) { _, _ = fmt.Fprintf(w, format, arguments...) }
	write("\n"+line, "fault", "injected")
	for _, name := range slices.Sorted(maps.Keys(t.injected)) {
		write(line, name, t.injected[name])
	}
	for _, name := range slices.Sorted(maps.Keys(t.missing)) {
		write("%-46s %12s: %s\n", name, "not injected", t.missing[name])
	}
	write("\n"+line, "batches handed on between sidecars", t.batches)
	write(line, "updates acknowledged", t.acknowledged)
	write(line, "sent again, under the same event id", t.repeated)
	write(line, "updates whose answer was never seen", t.uncertain)
	write(line, "updates read back at once", t.reads)
	write(line, "of them with stale: true", t.stale)
	write(line, "of them missing without that", t.behind)
	write(line, "of them there twice for a moment", t.ahead)
	for _, table := range slices.Sorted(maps.Keys(t.keysOf)) {
		write(line, "keys compared in "+table, t.keysOf[table])
	}
	for _, table := range slices.Sorted(maps.Keys(t.eventsOf)) {
		write(line, "events compared in "+table, t.eventsOf[table])
		write(line, "of them read again", t.againOf[table])
	}
	write(line, "events sent to the receiver", t.push.events)
	write(line, "of them taken again, by the same id", t.push.again)
	write(line, "of them told otherwise, as commits were lost", t.push.told)
	write(line, "dead letters, and sent when asked for", t.push.deadLetters)
	write(line, "updates lost", t.lost)
	write(line, "updates doubled", t.doubled)
	write(line, "keys wrong", t.wrong)
	for _, finding := range t.findings {
		write("\n%s\n", finding)
	}
	write("\nseed %d, %s\n", t.seed, took.Round(time.Second))
}
