package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"testing"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const dir = "spool"

// smallSegment makes a segment of a few changes.
const smallSegment = 512

// table is a caller's state: numbers by key, 0 for none.
type table map[uint64]uint64

// counter is the key that each change counts.
const counter = 0

// put is a change of some keys, encoded.
func put(t table) (change []byte) {
	for key, value := range t {
		change = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(change, key), value)
	}
	return change
}

// apply does changes to t.
func (t table) apply(changes []byte) error {
	if len(changes)%16 != 0 {
		return errors.New("half a change")
	}
	for ; len(changes) > 0; changes = changes[16:] {
		key, value := binary.LittleEndian.Uint64(changes), binary.LittleEndian.Uint64(changes[8:])
		if value == 0 {
			delete(t, key)
		} else {
			t[key] = value
		}
	}
	return nil
}

// nth is the n-th change, from 1: it counts, and changes two of eight keys, or
// deletes them.
func nth(n uint64) table {
	a, b := 1+n%8, 1+(n*5+3)%8
	change := table{counter: n, a: n, b: n}
	if n%7 == 0 {
		change[a], change[b] = 0, 0
	}
	return change
}

// after is the state after n changes.
func after(n uint64) table {
	t := table{}
	for i := range n {
		maps.Copy(t, nth(i+1))
	}
	maps.DeleteFunc(t, func(_, value uint64) bool { return value == 0 })
	return t
}

// writer appends one change after the other and knows what it was told.
type writer struct {
	j               *Journal
	state           table
	appended, acked uint64
}

func open1(fs disk.FS, w *writer) (err error) {
	w.state = table{}
	w.j, err = Open(Options{Dir: dir, FS: fs, SegmentBytes: smallSegment}, w.state.apply)
	return err
}

func (w *writer) append(wait bool) error {
	change := nth(w.appended + 1)
	ticket, err := w.j.Append(put(change))
	if err != nil {
		return err
	}
	w.appended++
	_ = w.state.apply(put(change))
	if !wait {
		return nil
	}
	if err := w.j.Wait(ticket); err != nil {
		return err
	}
	w.acked = w.appended
	return nil
}

// checkpoint makes one of a key at a time, with changes in between.
func (w *writer) checkpoint(ctx context.Context) error {
	return w.j.Checkpoint(ctx, func(add func([]byte) error) error {
		for key := range uint64(9) {
			if err := w.append(key%4 == 1); err != nil {
				return err
			}
			if value := w.state[key]; value != 0 {
				if err := add(put(table{key: value})); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// live is a life of a process: changes over several segments, checkpoints, and
// changes that nobody waits for.
func (w *writer) live(ctx context.Context, fs disk.FS) error {
	if err := open1(fs, w); err != nil {
		return err
	}
	if w.state[counter] < w.acked {
		return fmt.Errorf("%d changes found, %d acknowledged", w.state[counter], w.acked)
	}
	w.appended = w.state[counter]
	w.acked = w.appended
	step := func(n int) error {
		for i := range n {
			if err := w.append(i%3 != 0); err != nil {
				return err
			}
		}
		return nil
	}
	if err := step(20); err != nil {
		return err
	}
	if err := w.checkpoint(ctx); err != nil {
		return err
	}
	if err := step(3); err != nil {
		return err
	}
	if err := w.checkpoint(ctx); err != nil {
		return err
	}
	if err := step(12); err != nil {
		return err
	}
	if err := w.j.Close(); err != nil {
		return err
	}
	w.acked = w.appended
	return nil
}

// tidy checks that a disk holds no file that doesn't count.
func tidy(t *testing.T, d *disktest.Disk) {
	t.Helper()
	names, err := d.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	there := find(names)
	if len(there.checkpoints) > 1 || len(there.unfinished) > 1 || len(there.segments) > len(there.live()) {
		t.Errorf("there are %v", names)
	}
}

// mustHold opens the journal on fs and compares what it holds with what may be
// there.
func mustHold(t *testing.T, d *disktest.Disk, acked, appended uint64) {
	t.Helper()
	var w writer
	if err := open1(d, &w); err != nil {
		t.Errorf("opening: %v", err)
		return
	}
	tidy(t, d)
	n := w.state[counter]
	if n < acked || n > appended {
		t.Errorf("%d changes are there, %d were acknowledged and %d appended", n, acked, appended)
	}
	if !maps.Equal(w.state, after(n)) {
		t.Errorf("after %d changes there is %v, want %v", n, w.state, after(n))
	}
	// It must go on, too, and what it found is then as good as acknowledged.
	w.appended = n
	for range 3 {
		if err := w.append(true); err != nil {
			t.Errorf("going on: %v", err)
		}
	}
	again := table{}
	if _, err := Open(Options{Dir: dir, FS: d.Crashed(0, nil), SegmentBytes: smallSegment}, again.apply); err != nil {
		t.Errorf("opening once more: %v", err)
	}
	if !maps.Equal(again, after(n+3)) {
		t.Errorf("after %d changes and 3 more there is %v", n, again)
	}
	if err := w.j.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}
