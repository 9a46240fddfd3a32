package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// moment is a copy of the disk before an operation, and what had happened by then.
type moment struct {
	name            string
	disk            *disktest.Disk
	acked, appended uint64
}

// twoLives runs two lives on a disk and calls before ahead of each operation that
// changes it.
func twoLives(t *testing.T, d *disktest.Disk, w *writer, before func(n int, op disktest.Op) error) error {
	t.Helper()
	n := 0
	d.Before(func(op disktest.Op) error {
		if !op.Kind.Changes() {
			return nil
		}
		n++
		return before(n, op)
	})
	defer d.Before(nil)
	for range 2 {
		if err := w.live(t.Context(), d); err != nil {
			return err
		}
	}
	if n < 100 {
		t.Errorf("only %d operations", n)
	}
	return nil
}

func TestKilledOrWithoutPowerBeforeAnyStepNothingAcknowledgedIsLostAndNoChangeIsHalfThere(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := disktest.New()
		var w writer
		var moments []moment
		err := twoLives(t, d, &w, func(n int, op disktest.Op) error {
			for _, percent := range []int{0, 50, 100} {
				name := fmt.Sprintf("seed %d, before step %d, %s %s, %d %% kept", seed, n, op.Kind, op.Name, percent)
				moments = append(moments, moment{name, d.Crashed(percent, rng), w.acked, w.appended + 1})
			}
			name := fmt.Sprintf("killed before step %d, %s %s", n, op.Kind, op.Name)
			moments = append(moments, moment{name, d.Killed(), w.acked, w.appended + 1})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range moments {
			mustHold(t, m.disk, m.acked, m.appended)
			if t.Failed() {
				t.Fatal(m.name)
			}
		}
	}
}

// startAgain opens the journal on d and copies the disk before each step of that.
func startAgain(t *testing.T, m moment, rng *rand.Rand) (moments []moment) {
	t.Helper()
	n := 0
	m.disk.Before(func(op disktest.Op) error {
		if op.Kind.Changes() {
			n++
			name := fmt.Sprintf("%s, then before step %d, %s %s", m.name, n, op.Kind, op.Name)
			moments = append(moments, moment{name, m.disk.Crashed(50, rng), m.acked, m.appended})
		}
		return nil
	})
	var w writer
	if err := open1(m.disk, &w); err != nil {
		t.Fatal(err)
	}
	return moments
}

func TestWithoutPowerWhileItStartsAfterAKillNothingIsLost(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 2))
		d := disktest.New()
		var w writer
		var killed []moment
		err := twoLives(t, d, &w, func(n int, op disktest.Op) error {
			name := fmt.Sprintf("seed %d, killed before step %d, %s %s", seed, n, op.Kind, op.Name)
			killed = append(killed, moment{name, d.Killed(), w.acked, w.appended + 1})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range killed {
			for _, m := range startAgain(t, k, rng) {
				mustHold(t, m.disk, m.acked, m.appended)
				if t.Failed() {
					t.Fatal(m.name)
				}
			}
		}
	}
}

var errBroken = errors.New("input/output error")

func TestAnErrorOfAnyStepIsFinalAndLosesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for fails := 1; ; fails++ {
		d := disktest.New()
		var w writer
		var failed disktest.Op
		err := twoLives(t, d, &w, func(n int, op disktest.Op) error {
			if n < fails {
				return nil
			}
			if n == fails {
				failed = op
			}
			if n > fails && w.j != nil && w.j.Fault() != nil && (op.Kind == disktest.Sync || op.Kind == disktest.Write) {
				t.Errorf("%s %s after step %d, %s %s, failed", op.Kind, op.Name, fails, failed.Kind, failed.Name)
			}
			return errBroken
		})
		if failed.Kind == "" {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		name := fmt.Sprintf("step %d, %s %s, fails", fails, failed.Kind, failed.Name)
		if err == nil {
			t.Fatalf("%s and nobody is told", name)
		}
		if w.j != nil {
			switch fault := w.j.Fault(); {
			case fault == nil && !errors.Is(err, errBroken):
				t.Errorf("%v, and no fault", err)
			case fault != nil && (!errors.Is(fault, errBroken) || !errors.Is(err, ErrFailed)):
				t.Errorf("fault %v, error %v", fault, err)
			case fault != nil:
				refusesAll(t, &w)
			}
		}
		mustHold(t, d.Killed(), w.acked, w.appended+1)
		for _, percent := range []int{0, 50, 100} {
			mustHold(t, d.Crashed(percent, rng), w.acked, w.appended+1)
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// refusesAll checks that a journal that failed acknowledges nothing.
func refusesAll(t *testing.T, w *writer) {
	t.Helper()
	<-w.j.Failed()
	if _, err := w.j.Append(put(nth(1))); !errors.Is(err, ErrFailed) {
		t.Errorf("Append: %v", err)
	}
	if err := w.j.Sync(); !errors.Is(err, ErrFailed) {
		t.Errorf("Sync: %v", err)
	}
	if err := w.checkpoint(t.Context()); !errors.Is(err, ErrFailed) {
		t.Errorf("Checkpoint: %v", err)
	}
	if err := w.j.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
