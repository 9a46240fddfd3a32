package route

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// landed is where updates are after a call, by learner.
type landed struct {
	Own, Stray, Home []string
	HandedOn         int
	Kept             map[string]int
}

func TestWhatBecomesOfUpdates(t *testing.T) {
	full := map[string]error{"far-2": buffer.ErrFull}
	for sentence, c := range map[string]struct {
		way     *way
		own     *store
		updates []progress.Update
		want    landed
		errs    []error
		err     error
	}{
		"an update of an own learner stays here": {
			way: closed(hop.ReasonConnect), updates: []progress.Update{of("own-1", "")}, want: landed{Own: []string{"own-1"}},
		},
		"others go to their home": {
			way: open(), updates: []progress.Update{of("far-1", ""), of("own-1", "e"), of("far-2", "e")},
			want: landed{Own: []string{"own-1"}, Home: []string{"far-1", "far-2"}, HandedOn: 2},
		},
		"one that its home refuses is refused, and not counted": {
			way: &way{answered: -1, home: &store{refuses: full}}, updates: []progress.Update{of("far-1", ""), of("far-2", "")},
			want: landed{Home: []string{"far-1"}, HandedOn: 1}, errs: []error{nil, buffer.ErrFull},
		},
		"a home without room refuses the call, and nothing is kept here": {
			way: &way{err: buffer.ErrNoSpace}, updates: []progress.Update{of("far-1", "e"), of("far-2", "")}, err: buffer.ErrNoSpace,
		},
		"a home that runs out of room refuses the rest": {
			way: &way{answered: 1, err: buffer.ErrNoSpace}, updates: []progress.Update{of("far-1", ""), of("far-2", "e")},
			want: landed{Home: []string{"far-1"}, HandedOn: 1}, errs: []error{nil, buffer.ErrNoSpace},
		},
		"a home without room does not concern own learners": {
			way: &way{err: buffer.ErrNoSpace}, updates: []progress.Update{of("far-1", "e"), of("own-1", "")},
			want: landed{Own: []string{"own-1"}}, errs: []error{buffer.ErrNoSpace, nil},
		},
		"what can't be sent is kept here, with an event id as a stray": {
			way: closed(hop.ReasonConnect), updates: []progress.Update{of("far-1", ""), of("far-2", "e"), of("far-3", "")},
			want: landed{Own: []string{"far-1", "far-3"}, Stray: []string{"far-2"}, Kept: map[string]int{hop.ReasonConnect: 3}},
		},
		"what can't be sent for a minute is written here, with an event id too": {
			way: &way{err: closed(hop.ReasonBreaker).err, away: lost}, updates: []progress.Update{of("far-1", ""), of("far-2", "e")},
			want: landed{Own: []string{"far-1", "far-2"}, Kept: map[string]int{hop.ReasonBreaker: 2}},
		},
		"what is in doubt is a stray, however long the home was away": {
			way: &way{err: hop.ErrInDoubt, away: lost}, updates: []progress.Update{of("far-1", "e")},
			want: landed{Stray: []string{"far-1"}, Kept: map[string]int{ReasonInDoubt: 1}},
		},
		"of what could be sent in part the rest is kept here": {
			way:     &way{answered: 1, err: &hop.UnreachableError{Reason: hop.ReasonBreaker}},
			updates: []progress.Update{of("far-1", ""), of("far-2", "e"), of("far-3", "")},
			want: landed{
				Own: []string{"far-3"}, Stray: []string{"far-2"}, Home: []string{"far-1"}, HandedOn: 1,
				Kept: map[string]int{hop.ReasonBreaker: 2},
			},
		},
		"one in doubt with an event id is a stray, and counts once whatever the home has": {
			way: silent(true), updates: []progress.Update{of("far-1", "e")},
			want: landed{Stray: []string{"far-1"}, Home: []string{"far-1"}, Kept: map[string]int{ReasonInDoubt: 1}},
		},
		"one in doubt without is refused, since it could count twice": {
			way: silent(true), updates: []progress.Update{of("far-1", "")}, want: landed{Home: []string{"far-1"}}, err: hop.ErrInDoubt,
		},
		"of several in doubt only those without an event id are refused": {
			way: silent(false), updates: []progress.Update{of("far-1", ""), of("far-2", "e")},
			want: landed{Stray: []string{"far-2"}, Kept: map[string]int{ReasonInDoubt: 1}}, errs: []error{hop.ErrInDoubt, nil},
		},
		"what this sidecar can't keep either is refused": {
			way: closed(hop.ReasonConnect), own: &store{fails: buffer.ErrNoSpace}, updates: []progress.Update{of("far-1", ""), of("far-2", "e")},
			err: buffer.ErrNoSpace,
		},
		"what it refuses to keep is not counted as kept": {
			way: closed(hop.ReasonBusy), own: &store{refuses: full}, updates: []progress.Update{of("far-1", ""), of("far-2", "e")},
			want: landed{Own: []string{"far-1"}, Kept: map[string]int{hop.ReasonBusy: 1}}, errs: []error{nil, buffer.ErrFull},
		},
		"a home that has just left is one that can't be reached": {
			updates: []progress.Update{of("far-1", "")}, want: landed{Own: []string{"far-1"}, Kept: map[string]int{hop.ReasonLeft: 1}},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			ways := map[string]*way{}
			if c.way != nil {
				ways["far"] = c.way
			}
			f := newFixture(ways)
			if c.own != nil {
				*f.own = store{fails: c.own.fails, refuses: c.own.refuses}
			}
			results, err := f.Put(t.Context(), c.updates)
			if !errors.Is(err, c.err) {
				t.Fatalf("the call's error is %v, want %v", err, c.err)
			}
			if c.err == nil && len(results) != len(c.updates) {
				t.Fatalf("%d results", len(results))
			}
			for i := range results {
				want := error(nil)
				if c.errs != nil {
					want = c.errs[i]
				}
				if !errors.Is(results[i].Err, want) {
					t.Errorf("update %d: %v, want %v", i, results[i].Err, want)
				}
			}
			got := landed{Own: f.own.learners(), Stray: f.own.stray(), HandedOn: f.tally.handed}
			if c.way != nil {
				got.Home = c.way.home.learners()
			}
			if len(f.tally.kept) > 0 {
				got.Kept = f.tally.kept
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatBecomesOfResets(t *testing.T) {
	keys := []progress.Key{{UserID: "far-1"}, {UserID: "far-2"}}
	for sentence, c := range map[string]struct {
		way       *way
		own, home int // resets there
		errs      []error
		err       error
	}{
		"they go to their home":             {way: open(), home: 2},
		"what can't be sent is done here":   {way: closed(hop.ReasonRefused), own: 2},
		"of a part that was sent, the rest": {way: &way{answered: 1, err: &hop.UnreachableError{Reason: hop.ReasonLeft}}, own: 1, home: 1},
		"in doubt they are refused":         {way: silent(true), home: 2, err: hop.ErrInDoubt},
		"in doubt in part, the rest is":     {way: &way{answered: 1, err: hop.ErrInDoubt}, home: 1, errs: []error{nil, hop.ErrInDoubt}},
		"a home without room refuses them":  {way: &way{err: buffer.ErrNoSpace}, err: buffer.ErrNoSpace},
	} {
		t.Run(sentence, func(t *testing.T) {
			f := newFixture(map[string]*way{"far": c.way})
			results, err := f.Reset(t.Context(), keys)
			if !errors.Is(err, c.err) {
				t.Fatal(err)
			}
			for i := range results {
				if len(c.errs) == 0 {
					c.errs = make([]error, len(keys))
				}
				if !errors.Is(results[i].Err, c.errs[i]) {
					t.Errorf("reset %d: %v", i, results[i].Err)
				}
			}
			if len(f.own.resets) != c.own || len(c.way.home.resets) != c.home || len(f.own.strays) > 0 {
				t.Errorf("%v here, %v there, %v strays", f.own.resets, c.way.home.resets, f.own.strays)
			}
		})
	}
}

// Two sidecars of which each takes the other for the home would hand an update to and
// fro.
func TestWhatWasHandedOnStaysHere(t *testing.T) {
	f := newFixture(map[string]*way{"far": open()})
	ctx := wire.WithHandedOn(t.Context())
	_, err := f.Put(ctx, []progress.Update{of("far-1", "")})
	_, failed := f.Reset(ctx, []progress.Key{{UserID: "far-1"}})
	if err != nil || failed != nil || len(f.own.updates) != 1 || len(f.own.resets) != 1 || f.tally.handed > 0 {
		t.Errorf("%v, %v, %+v", err, failed, f.own)
	}
}

func TestACallOfNothingIsTheBuffers(t *testing.T) {
	f := newFixture(nil)
	f.own.fails = buffer.ErrClosed
	if _, err := f.Put(t.Context(), nil); !errors.Is(err, buffer.ErrClosed) {
		t.Error(err)
	}
	if _, err := f.Reset(t.Context(), nil); !errors.Is(err, buffer.ErrClosed) {
		t.Error(err)
	}
}
