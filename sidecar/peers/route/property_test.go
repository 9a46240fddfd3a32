package route

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// answersOf draws how a home answers a call.
func answersOf(t *rapid.T, learners []string) *way {
	w := &way{home: &store{refuses: refusalsOf(t, learners)}}
	switch rapid.SampledFrom([]string{"all", "part", "unreachable", "in doubt", "refusal", "gone"}).Draw(t, "answers") {
	case "all":
		w.answered = -1
	case "part":
		w.answered = rapid.IntRange(0, 4).Draw(t, "answered")
		w.err = errorOf(t)
	case "unreachable":
		w.err = &hop.UnreachableError{Reason: rapid.SampledFrom(hop.Reasons()).Draw(t, "reason")}
	case "in doubt":
		w.err = fmt.Errorf("%w: a lost answer", hop.ErrInDoubt)
	case "refusal":
		w.err = buffer.ErrNoSpace
	case "gone":
		return nil
	}
	w.arrived = errors.Is(w.err, hop.ErrInDoubt) && rapid.Bool().Draw(t, "arrived")
	return w
}

func errorOf(t *rapid.T) error {
	return rapid.SampledFrom([]error{&hop.UnreachableError{Reason: hop.ReasonLeft}, hop.ErrInDoubt, buffer.ErrNoSpace}).Draw(t, "error")
}

func refusalsOf(t *rapid.T, learners []string) map[string]error {
	refuses := map[string]error{}
	for _, l := range rapid.SliceOfNDistinct(rapid.SampledFrom(learners), 0, 2, rapid.ID).Draw(t, "refused") {
		refuses[l] = rapid.SampledFrom([]error{buffer.ErrFull, buffer.ErrErased}).Draw(t, "refusal")
	}
	return refuses
}

// tag tells the updates of a call apart.
func tag(u *progress.Update) string { return u.LessonID }

// times is how often an update was merged.
func times(merged []progress.Update, which string) (n int) {
	for i := range merged {
		if tag(&merged[i]) == which && merged[i].ModuleID != repeated {
			n++
		}
	}
	return n
}

func TestEachUpdateHasOneResultAndLandsOnceWhateverHomesAnswer(t *testing.T) {
	names := []string{"own", "far", "near"}
	var learners []string
	for _, name := range names {
		learners = append(learners, name+"-1", name+"-2")
	}
	rapid.Check(t, func(t *rapid.T) {
		ways := map[string]*way{}
		for _, name := range names[1:] {
			if w := answersOf(t, learners); w != nil {
				ways[name] = w
			}
		}
		f := newFixture(ways)
		f.own.refuses = refusalsOf(t, learners)
		if rapid.IntRange(0, 4).Draw(t, "own disk") == 0 {
			f.own.fails = buffer.ErrNoSpace
		}
		updates := make([]progress.Update, rapid.IntRange(1, 8).Draw(t, "updates"))
		for i := range updates {
			event := ""
			if rapid.Bool().Draw(t, "named") {
				event = fmt.Sprint("e", i)
			}
			updates[i] = of(rapid.SampledFrom(learners).Draw(t, "learner"), event)
			updates[i].LessonID = fmt.Sprint("lesson-", i)
		}

		results, err := f.Put(t.Context(), updates)

		if err == nil && len(results) != len(updates) || err != nil && results != nil {
			t.Fatalf("%d results of %d updates, %v", len(results), len(updates), err)
		}
		total := 0
		for i := range updates {
			which := tag(&updates[i])
			failure := err
			if err == nil {
				failure = results[i].Err
			}
			if failure == nil && results[i].Record.Key != updates[i].Key {
				t.Fatalf("the result of %s is that of %v", which, results[i].Record.Key)
			}
			here := times(f.own.updates, which)
			stray := len(straysOf(f.own, which))
			there := 0
			for _, w := range f.ways {
				there += times(w.home.updates, which)
			}
			switch inDoubt := errors.Is(failure, hop.ErrInDoubt); {
			case inDoubt && (here+stray > 0 || there > 1):
				t.Fatalf("%s is in doubt, and %d here, %d strays, %d there", which, here, stray, there)
			case inDoubt:
			case failure != nil && (here+stray > 0 || there > 0 && !errors.Is(failure, buffer.ErrErased)):
				t.Fatalf("%s was refused (%v), and %d here, %d strays, %d there", which, failure, here, stray, there)
			case failure != nil:
			case stray == 1 && here == 0 && there <= 1: // its event id counts once at the home
				total++
			case here+stray+there != 1:
				t.Fatalf("%s was accepted, and %d here, %d strays, %d there", which, here, stray, there)
			default:
				total++
			}
		}
		counted := f.tally.handed
		for _, n := range f.tally.kept {
			counted += n
		}
		if own := len(slices.DeleteFunc(slices.Clone(updates), func(u progress.Update) bool {
			_, self := byName{}.Home(u.UserID)
			return !self
		})); counted > total || counted+own < total {
			t.Fatalf("%d updates of other homes are counted, of %d that were accepted, %d of them with their home here", counted, total, own)
		}
		deliverAndCheck(t, f, updates, results)
	})
}

func straysOf(s *store, which string) (all []buffer.Stray) {
	for _, x := range s.strays {
		if tag(&x.Update) == which {
			all = append(all, x)
		}
	}
	return all
}

// deliverAndCheck lets the homes come back. Each update with an event id that was
// accepted counts once then, at its home.
func deliverAndCheck(t *rapid.T, f *fixture, updates []progress.Update, results []buffer.Result) {
	for _, w := range f.ways {
		w.answered, w.err, w.home.refuses = -1, nil, nil
	}
	if err := f.DeliverOnce(t.Context(), f.own, byNow); err != nil {
		t.Fatal(err)
	}
	for i := range results {
		which := tag(&updates[i])
		n := times(f.own.updates, which)
		reachable := true
		for _, w := range f.ways {
			n += times(w.home.updates, which)
		}
		if home, self := (byName{}).Home(updates[i].UserID); !self {
			reachable = f.ways[home.Writer] != nil
		}
		if results[i].Err != nil || updates[i].EventID == "" {
			continue
		}
		if waiting := len(straysOf(f.own, which)); reachable && (n != 1 || waiting != 0) || !reachable && n+waiting != 1 {
			t.Fatalf("%s counts %d times, and %d strays of it wait", which, n, waiting)
		}
	}
}
