package main

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/fault/inject"
	"github.com/progress-sync/progress-sync/test/kit/ci"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestNothingIsLostOrDoubled runs the suite for FAULT_DURATION, with FAULT_SEED
// if that is set.
func TestNothingIsLostOrDoubled(t *testing.T) {
	o := Options{Seed: rand.Uint64(), Duration: 5 * time.Second, Round: time.Minute, Dir: t.TempDir(),
		All: ci.Runs(os.Getenv), Out: t.Output()}
	if text := os.Getenv("FAULT_DURATION"); text != "" {
		var err error
		if o.Duration, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	if text := os.Getenv("FAULT_SEED"); text != "" {
		var err error
		if o.Seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	// Postgres runs as another user, who must be let through.
	for dir := o.Dir; dir != filepath.Clean(os.TempDir()) && len(dir) > 1; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func TestTheSeedDecidesWhichFaultsHappenAndWhen(t *testing.T) {
	row := func(seed uint64) []string {
		s := newSchedule(seed, 2, inject.All(), longestFault)
		var steps []string
		for range 100 {
			next := s.next()
			steps = append(steps, strings.Join([]string{
				next.fault.Name(), next.pause.String(), next.length.String(), strconv.FormatUint(next.details.Uint64(), 10),
			}, " "))
		}
		return steps
	}
	if diff := cmp.Diff(row(1), row(1)); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(row(1), row(2)) {
		t.Error("two seeds give the same faults")
	}
}

func TestEveryKindHappensBeforeAnyHappensAgain(t *testing.T) {
	all := inject.All()
	s := newSchedule(7, 2, all, longestFault)
	seen := map[string]bool{}
	for range all {
		seen[s.next().fault.Name()] = true
	}
	if len(seen) != len(all) {
		t.Errorf("%d kinds in %d faults", len(seen), len(all))
	}
}

func TestAFaultThatIsNotInjectedIsToldAndFailsTheRunOfCI(t *testing.T) {
	counted := newTally(1)
	if err := counted.uninjected(nil); err != nil {
		t.Error(err)
	}
	counted.missing["PgBouncer between, then gone"] = "not possible on this machine: no PgBouncer"
	counted.missing["spool disk full"] = "not possible on this machine: no root"
	var out strings.Builder
	counted.print(&out, time.Second)
	for _, want := range []string{"PgBouncer between, then gone", "not injected: not possible on this machine: no PgBouncer"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
	err := counted.uninjected(nil)
	if err == nil || !strings.Contains(err.Error(), "PgBouncer between, then gone; spool disk full") {
		t.Errorf("got %v", err)
	}
	if counted.found(err); counted.clean() {
		t.Error("the run is clean")
	}
}

func TestAFaultThatNeverHappenedIsToldAndFailsTheRunOfCI(t *testing.T) {
	counted := newTally(1)
	counted.began("answer of a hop cut")
	due := []string{"two sidecars parted", "answer of a hop cut", "two sidecars parted"}
	err := counted.uninjected(due)
	if err == nil || !strings.Contains(err.Error(), "(two sidecars parted)") {
		t.Errorf("got %v", err)
	}
	counted.began("two sidecars parted")
	if err := counted.uninjected(due); err != nil {
		t.Error(err)
	}
}

func TestAFindingMakesTheReportUnclean(t *testing.T) {
	counted := newTally(1)
	if !counted.clean() {
		t.Error("a fresh tally is not clean")
	}
	counted.found(nil)
	if !counted.clean() {
		t.Error("nothing found, and not clean")
	}
	counted.found(io.ErrUnexpectedEOF)
	var out strings.Builder
	counted.print(&out, time.Second)
	if counted.clean() || !strings.Contains(out.String(), io.ErrUnexpectedEOF.Error()) || !strings.Contains(out.String(), "seed 1") {
		t.Error(out.String())
	}
}
