package flush

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

var errCrashed = errors.New("the process is dead")

// crasher ends the life of a process between two steps of the flush: from then
// on nothing it does has an effect, and the next process finds the disk as it
// was at that moment, with or without what was not synced.
type crasher struct {
	mu      sync.Mutex
	disk    *disktest.Disk
	percent int // of the unsynced data that a crash leaves
	rng     *rand.Rand
	left    int // steps until the crash, 0 for none planned
	dead    bool
	gone    chan struct{} // closed when dead
	clone   *disktest.Disk
}

func newCrasher(disk *disktest.Disk, rng *rand.Rand) *crasher {
	return &crasher{disk: disk, rng: rng, gone: make(chan struct{})}
}

func (c *crasher) step() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return errCrashed
	}
	if c.left == 0 {
		return nil
	}
	if c.left--; c.left > 0 {
		return nil
	}
	c.dead = true
	close(c.gone)
	c.clone = c.disk.Crashed(c.percent, c.rng)
	return errCrashed
}

func (c *crasher) arm(steps, percent int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.percent = steps, percent
}

// alive does something that the process does whole or not at all.
func (c *crasher) alive(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dead {
		do()
	}
}

func (c *crasher) died() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead
}

// mortalBuffer has a step before and after each change of the buffer.
type mortalBuffer struct {
	*buffer.Buffer
	*crasher
}

func (m mortalBuffer) around(change func() error) error {
	if err := m.step(); err != nil {
		return err
	}
	return errors.Join(change(), m.step())
}

func (m mortalBuffer) FreezeRound(lane int, now time.Time, size, most int) (round []progress.Batch, err error) {
	err = m.around(func() (err error) {
		round, err = m.Buffer.FreezeRound(lane, now, size, most)
		return err
	})
	return round, err
}

func (m mortalBuffer) ConfirmThrough(lane int, number uint64) error {
	return m.around(func() error { return m.Buffer.ConfirmThrough(lane, number) })
}

func (m mortalBuffer) Split(lane int, number uint64) error {
	return m.around(func() error { return m.Buffer.Split(lane, number) })
}

func (m mortalBuffer) Postpone(lane int, number uint64) (next uint64, err error) {
	err = m.around(func() (err error) {
		next, err = m.Buffer.Postpone(lane, number)
		return err
	})
	return next, err
}

func (m mortalBuffer) Unite(lane int, older, newer uint64) (next uint64, err error) {
	err = m.around(func() (err error) {
		next, err = m.Buffer.Unite(lane, older, newer)
		return err
	})
	return next, err
}

func (m mortalBuffer) Quarantine(lane int, number uint64, reason buffer.DeadLetterReason) error {
	return m.around(func() error { return m.Buffer.Quarantine(lane, number, reason) })
}

const (
	crowd = 9
	// refusedKey is the one of them whose records the database always refuses.
	refusedKey = 0
)

// world is a sidecar that may die at any step, a database that may fail, lose
// answers and fall back, and an account of every acknowledged update.
type world struct {
	buffer  *buffer.Buffer
	crasher *crasher
	flusher *Flusher
	stop    func() error
	db      *ledgerModel

	acknowledged map[int]int64
	failures     int          // calls of the database that are still to fail
	refused      map[int]bool // whom a trigger of the table refuses just now
	lostAnswers  int          // applied batches whose answer is still to be lost
	cuts         int          // rounds that end in a refusal and are still to lose their answers
	lates        int          // rounds that are still to be given up before the server begins with them

	rows    map[int]ledgerRow
	saved   map[progress.Key]progress.Record
	takenAt time.Time
	deaths  int
}

func newWorld(t *rapid.T) *world {
	w := &world{db: newLedgerModel(), acknowledged: map[int]int64{}}
	w.db.before, w.db.refuse, w.db.cut, w.db.after = w.before, w.refuses, w.cut, w.after
	w.db.abandon = w.abandon
	w.boot(t, disktest.New())
	return w
}

// before and after run under the database's lock.
func (w *world) before(string, progress.Batch) error {
	if err := w.crasher.step(); err != nil {
		return err
	}
	if w.failures > 0 {
		w.failures--
		return sqlError("57P03")
	}
	return nil
}

func (w *world) refuses(b progress.Batch) error {
	for _, r := range b.Records {
		if r.Key == key(refusedKey) {
			return sqlError("22003")
		}
		for k := range w.refused {
			if r.Key == key(k) {
				return sqlError("P0001")
			}
		}
	}
	return nil
}

func (w *world) cut() bool {
	if w.cuts == 0 {
		return false
	}
	w.cuts--
	return true
}

func (w *world) abandon() bool {
	if w.lates == 0 {
		return false
	}
	w.lates--
	return true
}

func (w *world) after(progress.Batch) error {
	if w.lostAnswers > 0 {
		w.lostAnswers--
		return sqlError("08006")
	}
	return w.crasher.step()
}

func (w *world) boot(t *rapid.T, disk *disktest.Disk) {
	b, err := buffer.Open(buffer.Options{
		Dir: "spool", FS: disk, Policy: bufferPolicy,
		FreeBytes: func(string) (uint64, error) { return 1 << 40, nil },
	})
	if err != nil {
		t.Fatalf("opening the spool after a crash: %v", err)
	}
	w.buffer = b
	w.crasher = newCrasher(disk, rand.New(rand.NewPCG(1, uint64(w.deaths))))
	p := testPolicy
	p.BatchSize = 2
	w.flusher, w.stop = launch(mortalBuffer{b, w.crasher}, w.db, p, &journal{})
}

// ensureAlive starts the process anew where it has died.
func (w *world) ensureAlive(t *rapid.T) {
	synctest.Wait()
	if !w.crasher.died() {
		return
	}
	w.deaths++
	_ = w.stop()
	if err := w.buffer.Close(); err != nil {
		t.Fatal(err)
	}
	w.boot(t, w.crasher.clone)
}

func (w *world) put(t *rapid.T) {
	keys := rapid.SliceOfN(rapid.IntRange(0, crowd-1), 1, 6).Draw(t, "keys")
	var updates []progress.Update
	for _, k := range keys {
		updates = append(updates, progress.Update{Key: key(k), SeekEvents: 2, WatchedDelta: progress.Some(0.1)})
	}
	// A lane may take the process's last step while an update is on its way to the
	// disk; that update is not acknowledged.
	w.crasher.alive(func() {
		if _, err := w.buffer.Put(context.Background(), updates); err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			w.acknowledged[k]++
		}
	})
}

func (w *world) pass(t *rapid.T) {
	time.Sleep(time.Duration(rapid.IntRange(1, 240).Draw(t, "seconds")) * time.Second)
}

func (w *world) sync(*rapid.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.flusher.Sync(ctx, buffer.Filter{})
}

func (w *world) crash(t *rapid.T) {
	w.crasher.arm(rapid.IntRange(1, 25).Draw(t, "steps"), rapid.IntRange(0, 100).Draw(t, "percent of unsynced data left"))
}

// some makes trouble happen up to most times from then on.
func (w *world) some(trouble *int, most int) func(*rapid.T) {
	return func(t *rapid.T) {
		w.db.mu.Lock()
		defer w.db.mu.Unlock()
		*trouble = rapid.IntRange(1, most).Draw(t, "times")
	}
}

// refuse lets a trigger refuse some learners, all of them or none.
func (w *world) refuse(t *rapid.T) {
	w.db.mu.Lock()
	defer w.db.mu.Unlock()
	w.refused = map[int]bool{}
	all := rapid.Bool().Draw(t, "all")
	for k := range crowd {
		w.refused[k] = all || rapid.Bool().Draw(t, "refused")
		if !w.refused[k] {
			delete(w.refused, k)
		}
	}
}

func (w *world) arrive(*rapid.T) { w.db.arrive() }

func (w *world) replicate(*rapid.T) {
	w.rows, w.saved = w.db.snapshot()
	w.takenAt = time.Now()
}

// failOver loses what was written since replicate.
func (w *world) failOver(t *rapid.T) {
	if w.rows == nil || time.Since(w.takenAt) > bufferPolicy.ReplayWindow {
		t.Skip("no replica is near enough")
	}
	w.db.restore(w.rows, w.saved)
	w.rows = nil
}

// reconsider replays what was set aside, but for those who are always refused,
// and has something written, which decides what is in doubt.
func (w *world) reconsider(t *rapid.T) {
	letters, _, err := w.buffer.ListDeadLetters(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, dl := range letters {
		if dl.Record.Key == key(refusedKey) {
			continue
		}
		if err := w.buffer.ReplayDeadLetter(dl.ID); err != nil {
			t.Fatal(err)
		}
	}
	put := []progress.Update{{Key: key(1), SeekEvents: 2, WatchedDelta: progress.Some(0.1)}}
	if _, err := w.buffer.Put(context.Background(), put); err != nil {
		t.Fatal(err)
	}
	w.acknowledged[1]++
}

// saveAndCompare ends all trouble, writes what is unsaved and compares the accounts.
func (w *world) saveAndCompare(t *rapid.T) {
	w.crasher.arm(0, 0)
	w.ensureAlive(t)
	w.db.setTrouble(nil, nil)
	w.refused, w.cuts, w.lates = nil, 0, 0
	w.reconsider(t)
	// Idle lanes look at the ledger within a minute or so.
	time.Sleep(3 * time.Minute)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if n, err := w.flusher.Drain(ctx); n != 0 || err != nil {
		t.Fatalf("%d records are left: %v", n, err)
	}
	synctest.Wait()
	w.db.arrive()
	if err := w.stop(); err != nil {
		t.Fatalf("Run: %v", err)
	}
	if err := w.buffer.Close(); err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for k, n := range w.acknowledged {
		got := w.db.record(key(k))
		if k == refusedKey {
			n = 0
		}
		if got.UpdateCount != n || got.SeekEvents != 2*n || got.TimeSpent != n*100_000 {
			wrong = append(wrong, fmt.Sprintf("learner %d: %d acknowledged, saved %+v", k, n, got))
		}
	}
	if len(wrong) > 0 {
		t.Fatalf("after %d crashes:\n%s", w.deaths, strings.Join(wrong, "\n"))
	}
}

// inBubble hides the deadline of the test, which has no meaning in fake time.
type inBubble struct{ *testing.T }

func (inBubble) Deadline() (time.Time, bool) { return time.Time{}, false }

func TestNoUpdateIsLostOrDoubledWhereverTheProcessDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		promotions := 0
		rapid.Check(inBubble{t}, func(t *rapid.T) {
			w := newWorld(t)
			t.Repeat(map[string]func(*rapid.T){
				"":                       w.ensureAlive,
				"updates arrive":         w.put,
				"time passes":            w.pass,
				"someone forces a sync":  w.sync,
				"the process will die":   w.crash,
				"the database will fail": w.some(&w.failures, 8),
				"answers will be lost":   w.some(&w.lostAnswers, 3),
				"a trigger refuses some": w.refuse,
				"refusals will be lost":  w.some(&w.cuts, 3),
				"rounds will be late":    w.some(&w.lates, 3),
				"late rounds arrive":     w.arrive,
				"a replica catches up":   w.replicate,
				"the replica is promoted": func(t *rapid.T) {
					w.failOver(t)
					promotions++
				},
			})
			w.saveAndCompare(t)
		})
		// failOver passes over those that it cannot do, which must not be all.
		if promotions == 0 {
			t.Error("no replica was ever promoted")
		}
	})
}
