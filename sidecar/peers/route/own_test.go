package route

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// What a home merges before it knows the ids that another one has is counted twice.
func TestWhatAHomeKeepsAsAStray(t *testing.T) {
	updates := []progress.Update{of("own-1", "e"), of("own-2", "e"), of("own-2", ""), of("own-1", "")}
	for sentence, c := range map[string]struct {
		merger Merger
		store  *store
		want   landed
		errs   []error
		err    error
	}{
		"nothing of learners whose home it was":                     {except{}, &store{}, landed{Own: []string{"own-1", "own-1", "own-2", "own-2"}}, nil, nil},
		"what has an event id of learners who have just moved here": {except{"own-2"}, &store{}, landed{Own: []string{"own-1", "own-1", "own-2"}, Stray: []string{"own-2"}}, nil, nil},
		"of all learners while nothing is known":                    {nil, &store{}, landed{Own: []string{"own-1", "own-2"}, Stray: []string{"own-1", "own-2"}}, nil, nil},
		"and each has the answer that it gets": {
			except{"own-2"}, &store{refuses: map[string]error{"own-2": buffer.ErrFull}}, landed{Own: []string{"own-1", "own-1"}},
			[]error{nil, buffer.ErrFull, buffer.ErrFull, nil}, nil,
		},
		"nothing on a full disk": {except{"own-2"}, &store{fails: buffer.ErrNoSpace}, landed{}, nil, buffer.ErrNoSpace},
	} {
		t.Run(sentence, func(t *testing.T) {
			f := newFixture(nil)
			f.merger = c.merger
			*f.own = store{refuses: c.store.refuses, fails: c.store.fails}
			ended := false
			put := &own{f.own, func() (Merger, func()) { return f.merger, func() { ended = true } }}
			f.Router.own = put
			results, err := f.Put(wire.WithHandedOn(t.Context()), updates)
			if !errors.Is(err, c.err) || err == nil && len(results) != len(updates) {
				t.Fatalf("%v, %v", results, err)
			}
			if c.errs == nil {
				c.errs = make([]error, len(updates))
			}
			for i := range results {
				if !errors.Is(results[i].Err, c.errs[i]) || results[i].Record.Key != updates[i].Key {
					t.Errorf("%d: %+v", i, results[i])
				}
			}
			if diff := cmp.Diff(c.want, landed{Own: f.own.learners(), Stray: f.own.stray()}); diff != "" {
				t.Error(diff)
			}
			if !ended {
				t.Error("others would wait for ever")
			}
		})
	}
}

func TestStraysOfAHomeAreTakenWhenItMayMergeThem(t *testing.T) {
	f := newFixture(nil)
	withStrays(t, f, "own-1", "own-2")
	for _, step := range []struct {
		merger Merger
		want   landed
	}{
		{nil, landed{Stray: []string{"own-1", "own-2"}}},
		{except{"own-2"}, landed{Own: []string{"own-1"}, Stray: []string{"own-2"}}},
		{except{}, landed{Own: []string{"own-1", "own-2"}}},
	} {
		f.merger = step.merger
		if err := f.DeliverOnce(context.Background(), f.own, byNow); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, landed{Own: f.own.learners(), Stray: f.own.stray()}); diff != "" {
			t.Error(diff)
		}
	}
}
