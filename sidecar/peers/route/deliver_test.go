package route

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// byNow is that everybody is known.
func byNow() (Homes, bool) { return byName{}, true }

// withStrays has strays of learners, in the order of their names.
func withStrays(t *testing.T, f *fixture, learners ...string) {
	t.Helper()
	var updates []progress.Update
	for _, l := range learners {
		updates = append(updates, of(l, "e-"+l))
	}
	if _, err := f.own.PutStray(t.Context(), updates); err != nil {
		t.Fatal(err)
	}
}

func TestWhatBecomesOfStrays(t *testing.T) {
	refusing := func(err error) *way { return &way{answered: -1, home: &store{refuses: map[string]error{"far-1": err}}} }
	for sentence, c := range map[string]struct {
		way  *way
		want landed
	}{
		"they go to their home":                              {way: open(), want: landed{Home: []string{"far-1", "far-2"}, Own: []string{"own-1"}}},
		"without a way there they wait":                      {way: closed(hop.ReasonBreaker), want: landed{Stray: []string{"far-1", "far-2"}, Own: []string{"own-1"}}},
		"a home that is away for minutes is waited for":      {&way{err: closed(hop.ReasonBreaker).err, away: strayPatience - 1}, landed{Stray: []string{"far-1", "far-2"}, Own: []string{"own-1"}}},
		"a home that is away for good is not waited for":     {&way{err: closed(hop.ReasonBreaker).err, away: strayPatience}, landed{Own: []string{"far-1", "far-2", "own-1"}}},
		"in doubt they wait":                                 {way: silent(false), want: landed{Stray: []string{"far-1", "far-2"}, Own: []string{"own-1"}}},
		"those that were answered go, and the rest waits":    {way: &way{answered: 1, err: hop.ErrInDoubt}, want: landed{Stray: []string{"far-2"}, Home: []string{"far-1"}, Own: []string{"own-1"}}},
		"one that the home has no room for waits":            {way: refusing(buffer.ErrFull), want: landed{Stray: []string{"far-1"}, Home: []string{"far-2"}, Own: []string{"own-1"}}},
		"one of a learner who was erased goes":               {way: refusing(buffer.ErrErased), want: landed{Home: []string{"far-2"}, Own: []string{"own-1"}}},
		"one whose sums don't fit those of the home is kept": {way: refusing(buffer.ErrRange), want: landed{Home: []string{"far-2"}, Own: []string{"far-1", "own-1"}}},
	} {
		t.Run(sentence, func(t *testing.T) {
			f := newFixture(map[string]*way{"far": c.way})
			withStrays(t, f, "far-1", "own-1", "far-2")
			if err := f.DeliverOnce(t.Context(), f.own, byNow); err != nil {
				t.Fatal(err)
			}
			got := landed{Own: f.own.learners(), Stray: f.own.stray(), Home: c.way.home.learners(), HandedOn: f.tally.handed}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMoreStraysThanAPageGoToTheirHome(t *testing.T) {
	f := newFixture(map[string]*way{"far": open()})
	for i := range 2*strayPage + 1 {
		withStrays(t, f, fmt.Sprint("far-", i))
	}
	if err := f.DeliverOnce(t.Context(), f.own, byNow); err != nil || len(f.own.strays) > 0 {
		t.Errorf("%d wait, %v", len(f.own.strays), err)
	}
}

// Who stops delivery takes what is left, and would merge what the home has merged too.
func TestAStrayThatItsHomeHasIsDroppedThoughDeliveryEnds(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	far := open()
	far.during = end
	f := newFixture(map[string]*way{"far": far})
	withStrays(t, f, "far-1")
	if err := f.Deliver(ctx, f.own, byNow); err != nil {
		t.Fatal(err)
	}
	if len(f.own.strays) > 0 || len(far.home.updates) != 1 {
		t.Errorf("%d wait, and the home has %d", len(f.own.strays), len(far.home.updates))
	}
}

// After a start nobody is known for a moment. A stray of another home must not become
// this sidecar's own then: that home may have it.
func TestStraysWaitUntilItIsKnownWhoIsHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(nil)
		withStrays(t, f, "own-1")
		began := time.Now()
		ctx, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		if err := f.Deliver(ctx, f.own, func() (Homes, bool) {
			if time.Since(began) >= 30*time.Second {
				return byName{}, true
			}
			if len(f.own.updates) > 0 {
				t.Error("it was taken")
			}
			return byName{}, false
		}); err != nil {
			t.Fatal(err)
		}
		if len(f.own.updates) != 1 {
			t.Errorf("%+v", f.own)
		}
	})
}

func TestAFailureOfTheDiskEndsDelivery(t *testing.T) {
	for _, learner := range []string{"own-1", "far-1"} {
		f := newFixture(map[string]*way{"far": open()})
		withStrays(t, f, learner)
		f.own.broken = buffer.ErrFailed
		if err := f.Deliver(t.Context(), f.own, byNow); !errors.Is(err, buffer.ErrFailed) {
			t.Errorf("%s: %v", learner, err)
		}
	}
}
