package handover

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// told are the letters of those that know by now, since the last call, that all is
// written of what is theirs among some candidates.
func (d *desk) told(view string) string {
	synctest.Wait()
	d.lock.Lock()
	defer d.lock.Unlock()
	var names []string
	for name, pages := range d.sent {
		for _, p := range pages {
			if p.Written && p.View == digest(setOf(view)) {
				names = append(names, name)
			}
		}
	}
	clear(d.sent)
	slices.Sort(names)
	return strings.Join(names, " ")
}

func tells(t *testing.T, d *desk, when, view, want string) {
	t.Helper()
	if got := d.told(view); got != want {
		t.Errorf("%s: told are %q, want %q", when, got, want)
	}
}

// A home that is told too early shows an old place of a learner as if it were the
// newest.
func TestOthersAreToldWhenAllIsWritten(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.Follow(setOf("a b c"))
		tells(t, d, "before anything is written", "a b c", "")
		home := func(user string) string {
			m, _ := setOf("a b c").Home(user)
			return namesOf([]uuid.UUID{m.Writer})
		}
		for _, user := range []string{"ada", "bob", "cyd", "dee", "eve"} {
			if away := d.moves[0].away(user); away != (home(user) != "a") {
				t.Errorf("%s, whose home is %s, is away: %v", user, home(user), away)
			}
		}
		d.Follow(setOf("a b c d"))
		synctest.Wait()
		d.write()
		tells(t, d, "all", "a b c d", "b c d")
		d.isAway("b", true)
		d.Follow(setOf("a b d"))
		synctest.Wait()
		d.write()
		tells(t, d, "while b is away", "a b d", "d")
		d.isAway("b", false)
		<-time.After(retryMost)
		tells(t, d, "when b is back", "a b d", "b")
	})
}

func TestOneThatLeavesTellsWhenItHasWrittenAll(t *testing.T) {
	run(t, func(t *testing.T, d *desk) {
		d.Follow(setOf("a b c"))
		d.write()
		d.told("a b c")
		d.Leaving()
		d.isAway("c", true) // it gets no ids
		d.Follow(setOf("b c"))
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if d.AwaitWritten(short, following(d.Handover)) == nil || d.told("b c") != "" {
			t.Error("nothing is written yet")
		}
		d.write()
		tells(t, d, "while c is away", "b c", "b")
		d.isAway("c", false)
		long, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := d.AwaitWritten(long, following(d.Handover)); err != nil {
			t.Error(err)
		}
		tells(t, d, "when c is back", "b c", "c")
	})
}

// An answer that lacks what a learner did a moment ago takes them back to an old place.
func TestWhoMayLackWhatALearnerDidLast(t *testing.T) {
	type word struct{ says, leaves, of string } // that all is written
	for name, c := range map[string]struct {
		sees    []string // one after the other
		learner []home
		words   []word
		after   time.Duration
		want    bool
	}{
		"another one than the home":               {[]string{"a b"}, []home{{"b", "a b"}}, []word{{says: "b", of: "a b"}}, 0, true},
		"one that has just been started":          {[]string{"a b"}, []home{{"a", "a b"}}, nil, 0, true},
		"one that was, and was told by all":       {[]string{"a b"}, []home{{"a", "a b"}}, []word{{says: "b", of: "a b"}}, 0, false},
		"one that was, and not told by all":       {[]string{"a b c"}, []home{{"a", "a b c"}}, []word{{says: "b", of: "a b c"}}, 0, true},
		"one that has just been started alone":    {[]string{"a"}, []home{{"a", "a"}}, nil, 0, false},
		"one of whose learners one was elsewhere": {[]string{"a b c", "a b"}, []home{{"c", "a b c"}, {"a", "a b"}}, []word{{says: "b", of: "a b"}}, writtenPatience - 1, true},
		"one that hears of it from that one only": {[]string{"a b c", "a b"}, []home{{"c", "a b c"}, {"a", "a b"}}, []word{{leaves: "c", of: "a b"}}, 0, true},
		"one that hears of it from all":           {[]string{"a b c", "a b"}, []home{{"c", "a b c"}, {"a", "a b"}}, []word{{leaves: "c", of: "a b"}, {says: "b", of: "a b"}}, 0, false},
		"one that hears of it too early":          {[]string{"a b c", "a b c d", "a b d"}, []home{{"c", "a b c"}, {"a", "a b d"}}, []word{{says: "c", of: "a b c"}}, 0, true},
		"one that hears nothing for long":         {[]string{"a b c", "a b"}, []home{{"c", "a b c"}, {"a", "a b"}}, nil, writtenPatience, false},
		"one whose learner was there all the time, though others are silent": {
			[]string{"a b c", "a b"}, []home{{"a", "a b c"}, {"a", "a b"}}, nil, 0, false,
		},
		"one to which another one came, of a learner who remains": {[]string{"a", "a b"}, []home{{"a", "a b"}}, nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, d *desk) {
				for i, candidates := range c.sees {
					if i == 1 {
						<-time.After(Patience) // what was before the first one is long ago
					}
					d.Follow(setOf(candidates))
				}
				for _, w := range c.words {
					name := w.says + w.leaves
					page := &wire.Events{Writer: writerOf(name), Owner: ownerOf(name), View: digest(setOf(w.of)), Written: true, Leaving: w.leaves != ""}
					if err := d.Take(t.Context(), page); err != nil {
						t.Fatal(err)
					}
				}
				<-time.After(c.after)
				synctest.Wait()
				if got := d.View().mayBeBehind(learnerOf(t, c.learner...)); got != c.want {
					t.Errorf("it may be behind: %v, want %v", got, c.want)
				}
			})
		})
	}
}
