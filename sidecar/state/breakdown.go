package state

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// breakdown counts by class of lessons and by variant. What is saved counts for the
// class and the arm that its record has by the configuration in use.
type breakdown struct {
	table atomic.Pointer[timing.Table]

	mu      sync.Mutex
	classes counts
	// arms and learners are empty without variants; draw is what learners belong to
	// arms by.
	arms     counts
	learners learners
	draw     draw
}

// counts has those of each class, or of each arm, by name.
type counts map[string]*count

type count struct {
	learners, updatesAccepted, updatesSaved, records, rows int64

	saveLag, finalLag lagSum
}

// lagSum is a Lag, and how many seconds all that it counts took together.
type lagSum struct {
	status.Lag
	sum float64
}

func (l *lagSum) add(seconds float64) {
	l.Add(seconds, 1)
	l.sum += seconds
}

func (l *lagSum) plus(o lagSum) { *l = lagSum{l.Plus(o.Lag), l.sum + o.sum} }

// copied shares nothing with c.
func (c *count) copied() count {
	out := *c
	out.saveLag.Counts, out.finalLag.Counts = slices.Clone(c.saveLag.Counts), slices.Clone(c.finalLag.Counts)
	return out
}

// draw is what learners belong to arms by.
type draw struct {
	seed    string
	names   []string
	weights []int
}

func drawOf(v config.Variants) draw {
	d := draw{seed: v.Seed}
	for _, a := range v.Arms {
		d.names, d.weights = append(d.names, a.Name), append(d.weights, a.Weight)
	}
	return d
}

func (d draw) equal(o draw) bool {
	return d.seed == o.seed && slices.Equal(d.names, o.names) && slices.Equal(d.weights, o.weights)
}

// follow takes a configuration into use. Classes that are gone are forgotten. All that
// was counted of arms is once the draw is another one, since learners change arms then.
func (b *breakdown) follow(c config.Config) {
	table := timing.New(c, 0)
	b.table.Store(table)
	b.mu.Lock()
	defer b.mu.Unlock()
	if next := drawOf(c.Variants); !next.equal(b.draw) {
		b.draw, b.arms, b.learners = next, counts{}, learners{}
		for _, name := range next.names {
			b.arms[name] = new(count)
		}
	}
	classes := counts{}
	for _, t := range table.All() {
		if classes[t.Class] = b.classes[t.Class]; classes[t.Class] == nil {
			classes[t.Class] = new(count)
		}
	}
	b.classes = classes
}

// merged counts an update of a learner that was accepted and merged.
func (b *breakdown) merged(variant string, learner uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	arm := b.arms[variant]
	if arm == nil { // the draw has been changed since
		return
	}
	arm.updatesAccepted++
	if b.learners.add(learner) {
		arm.learners++
	}
}

// final counts a record that stayed silent after it was saved.
func (b *breakdown) final(t *timing.Terms, lag time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range []*count{b.classes[t.Class], b.arms[t.Variant]} {
		if c != nil {
			c.finalLag.add(lag.Seconds())
		}
	}
}

// saved counts a batch, of which so many rows were written, at an instant.
func (b *breakdown) saved(batch *progress.Batch, rows int64, now progress.Instant) {
	table := b.table.Load()
	parts := make([]count, len(table.All()))
	for i := range batch.Records {
		r := &batch.Records[i]
		part := &parts[table.Of(r).Index]
		part.records++
		part.updatesSaved += r.Accepted()
		part.saveLag.add(lagOf(batch, i, now))
	}
	share(parts, rows, batch.Number)
	b.add(table, parts)
}

// replayed counts the rows of a batch that was saved before.
func (b *breakdown) replayed(batch *progress.Batch, rows int64) {
	if rows == 0 {
		return
	}
	table := b.table.Load()
	parts := make([]count, len(table.All()))
	for i := range batch.Records {
		parts[table.Of(&batch.Records[i]).Index].records++
	}
	share(parts, rows, batch.Number)
	for i := range parts {
		parts[i].records = 0
	}
	b.add(table, parts)
}

// add counts what the terms of a table have each.
func (b *breakdown) add(table *timing.Table, parts []count) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, t := range table.All() {
		if parts[i].updatesSaved == 0 && parts[i].rows == 0 {
			continue
		}
		for _, c := range []*count{b.classes[t.Class], b.arms[t.Variant]} {
			if c == nil {
				continue
			}
			c.updatesSaved += parts[i].updatesSaved
			c.records += parts[i].records
			c.rows += parts[i].rows
			c.saveLag.plus(parts[i].saveLag)
		}
	}
}

// share gives each part its share of the rows of a batch, of which only the sum is
// known, by the records that it has. The shares add up to the rows. What is left over
// by rounding goes to the parts by turns, by the batch's number, so that none has more
// in the long run.
func share(parts []count, rows int64, number uint64) {
	all := int64(0)
	for _, p := range parts {
		all += p.records
	}
	if all == 0 {
		return
	}
	offset := int64(number % uint64(all))
	passed := int64(0)
	for i := range parts {
		before := (rows*passed + offset) / all
		passed += parts[i].records
		parts[i].rows = (rows*passed+offset)/all - before
	}
}

// read returns copies of the counts, and whether there are more learners than were
// counted.
func (b *breakdown) read() (classes, arms map[string]count, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.classes.copied(), b.arms.copied(), b.learners.more
}

func (c counts) copied() map[string]count {
	out := make(map[string]count, len(c))
	for name, of := range c {
		out[name] = of.copied()
	}
	return out
}
