package handover

import (
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// step is something that happens to the sidecar a.
type step struct {
	second float64
	// sees is who a hears of: the candidates.
	sees string
	// says is another one that says it has handed over all, of the candidates that it
	// knows; leaves, one that says it for the last time.
	says, leaves, of string
}

func (s step) do(w wait) wait {
	now := time.Unix(0, 0).Add(time.Duration(s.second * float64(time.Second)))
	switch {
	case s.sees != "":
		return w.after(setOf(s.sees), now)
	case s.says != "":
		return w.hearing(writerOf(s.says), word{ownerOf(s.says), digest(setOf(s.of)), false, now})
	case s.leaves != "":
		return w.hearing(writerOf(s.leaves), word{ownerOf(s.leaves), digest(setOf(s.of)), true, now})
	}
	return w.at(now)
}

// A home that waits for too few counts an update twice that its client repeats; one that
// waits for too many, or for ever, keeps updates from the database.
func TestWhoIsAwaited(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		steps   []step
		awaited string
	}{
		"nobody by the only sidecar, from its start": {[]step{{sees: "a"}}, ""},
		"all others, by one that joins":              {[]step{{sees: "a b c"}}, "b c"},
		"those that have not said yet":               {[]step{{sees: "a b c"}, {second: 1, says: "b", of: "a b c"}}, "c"},
		"nobody, when all have":                      {[]step{{sees: "a b c"}, {second: 1, says: "b", of: "a b c"}, {second: 1, says: "c", of: "a b c"}}, ""},
		"nobody for longer than 30 seconds":          {[]step{{sees: "a b c"}, {second: 30}}, ""},
		"everyone until then":                        {[]step{{sees: "a b c"}, {second: 29.9}}, "b c"},

		"who says it before this sidecar hears of the change": {[]step{{says: "b", of: "a b c"}, {says: "c", of: "a b c"}, {second: 20, sees: "a b c"}}, ""},
		"who says it of candidates of before": {[]step{
			{sees: "a b"}, {says: "b", of: "a b"}, {second: 40, sees: "a b c"}, {second: 41, says: "c", of: "a b c"},
		}, "b"},

		"of several that join at once, each of those that are there in the end": {[]step{
			{sees: "a b c"}, {says: "b", of: "a b c"}, {second: 1, sees: "a b c d"}, {second: 1, says: "c", of: "a b c d"},
		}, "b d"},
		"nobody, when all have said it of those that are there in the end": {[]step{
			{sees: "a b c"}, {second: 1, says: "b", of: "a b c d"}, {second: 1, sees: "a b c d"}, {second: 2, says: "c", of: "a b c d"},
			{second: 2, says: "d", of: "a b c d"},
		}, ""},

		"not one that has said good-bye": {[]step{
			{sees: "a b c"}, {second: 40, leaves: "c", of: "a b"}, {second: 41, sees: "a b"}, {second: 41, says: "b", of: "a b"},
		}, ""},
		"not one that has said good-bye to others than are there in the end": {[]step{
			{sees: "a b c"}, {second: 40, leaves: "c", of: "a b"}, {second: 41, sees: "a b"}, {second: 41, sees: "a b d"},
			{second: 42, says: "b", of: "a b d"}, {second: 42, says: "d", of: "a b d"},
		}, ""},
		"one that said good-bye and was started again": {[]step{
			{sees: "a b c"}, {second: 40, leaves: "c", of: "a b"}, {second: 41, sees: "a b"}, {second: 42, says: "b", of: "a b c2"},
			{second: 42, sees: "a b c2"},
		}, "c"},
		"one that was started again after its good-bye, and killed before it said more": {[]step{
			{sees: "a b c"}, {second: 40, leaves: "c", of: "a b"}, {second: 41, sees: "a b"}, {second: 41, says: "b", of: "a b"},
			{second: 42, sees: "a b c2"}, {second: 43, sees: "a b"},
		}, "c"},

		"one that is about to stop, by one that joins": {[]step{{sees: "a b -c"}, {second: 1, says: "b", of: "a b"}}, "c"},
		"not when that one is gone": {[]step{
			{sees: "a b -c"}, {second: 1, says: "b", of: "a b"}, {second: 1, sees: "a b"},
		}, ""},
		"one that was about to stop, as long as it is on the roll: it has not handed over all": {[]step{
			{sees: "a b c"}, {second: 40, sees: "a b -c"}, {second: 41, says: "b", of: "a b"}, {second: 69, says: "b", of: "a b"},
		}, "c"},
		"not one that was about to stop and is gone, whose good-bye was not heard": {[]step{
			{sees: "a b c"}, {second: 40, sees: "a b -c"}, {second: 41, says: "b", of: "a b"}, {second: 42, sees: "a b"},
		}, ""},
		"one that stopped, was started again, and is gone": {[]step{
			{sees: "a b c"}, {second: 40, sees: "a b -c"}, {second: 41, sees: "a b c2"}, {second: 42, sees: "a b"}, {second: 42, says: "b", of: "a b"},
		}, "c"},

		"one that was killed and is not there any more": {[]step{{sees: "a b c"}, {second: 90, sees: "a b"}, {second: 91, says: "b", of: "a b"}}, "c"},
		"and that for 30 seconds":                       {[]step{{sees: "a b c"}, {second: 90, sees: "a b"}, {second: 91, says: "b", of: "a b"}, {second: 120}}, ""},
		"one that was killed and comes back within a minute, as another process": {[]step{
			{sees: "a b c"}, {second: 40, sees: "a b c2"}, {second: 40, says: "b", of: "a b c2"},
		}, "c"},
		"nobody, when that one has said it": {[]step{
			{sees: "a b c"}, {second: 40, sees: "a b c2"}, {second: 40, says: "b", of: "a b c2"}, {second: 41, says: "c2", of: "a b c2"},
		}, ""},
		"one that was killed, was gone, and comes back in time": {[]step{
			{sees: "a b c"}, {second: 90, sees: "a b"}, {second: 91, says: "b", of: "a b"}, {second: 95, sees: "a b c2"},
			{second: 96, says: "b", of: "a b c2"}, {second: 97, says: "c2", of: "a b c2"},
		}, ""},
		"all others, by a home that was started again itself": {[]step{{sees: "a2 b c"}}, "b c"},

		"one that is no candidate any more, as long as it has not said": {[]step{
			{sees: "a b c"}, {second: 40, sees: "a b d"}, {second: 41, says: "b", of: "a b d"}, {second: 41, says: "d", of: "a b d"},
		}, "c"},
		"not one that is no candidate any more and has said": {[]step{
			{sees: "a b c"}, {second: 40, sees: "a b d"}, {second: 41, says: "b", of: "a b d"}, {second: 41, says: "c", of: "a b d"},
			{second: 41, says: "d", of: "a b d"},
		}, ""},

		"nobody after a change of addresses or keys only": {[]step{{sees: "a b"}, {says: "b", of: "a b"}, {second: 40, sees: "a b"}}, ""},
		"after change upon change, each for 30 seconds since it was replaced": {[]step{
			{sees: "a b c"}, {second: 20, sees: "a b d"}, {second: 40, sees: "a b e"}, {second: 60, sees: "a b f"},
		}, "b d e f"},
		"a word that was said long ago of candidates that are there again": {[]step{
			{sees: "a b"}, {says: "b", of: "a b"}, {second: 100, sees: "a b c"}, {second: 101, says: "b", of: "a b c"},
			{second: 101, says: "c", of: "a b c"}, {second: 200, sees: "a b"}, {second: 201, says: "b", of: "a b"},
		}, "c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := wait{self: writerOf("a"), patience: Patience}
			for _, s := range tt.steps {
				w = s.do(w)
			}
			if got := namesOf(w.awaited()); got != tt.awaited {
				t.Errorf("awaited: %q, want %q", got, tt.awaited)
			}
		})
	}
}

func TestForWhomAHomeWaits(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	seen := func(views ...string) wait {
		w := wait{self: writerOf("a"), patience: Patience}
		for _, v := range views {
			w = w.after(setOf(v), now)
			if v != views[len(views)-1] {
				w.past = w.past[:0:0] // all of that is long ago
			}
		}
		return w
	}
	for name, tt := range map[string]struct {
		wait    wait
		learner uint64
		merges  bool
	}{
		"one that joins, for all its learners":                {seen("a b"), learnerOf(t, home{"a", "a b"}), false},
		"not for learners whose home is another":              {seen("a b"), learnerOf(t, home{"b", "a b"}), false}, // whose updates are strays
		"not for learners whose home it was":                  {seen("a b c", "a b"), learnerOf(t, home{"a", "a b c"}, home{"a", "a b"}), true},
		"for learners whose home has left":                    {seen("a b c", "a b"), learnerOf(t, home{"c", "a b c"}, home{"a", "a b"}), false},
		"not where another one joins: it loses learners only": {seen("a b", "a b c"), learnerOf(t, home{"a", "a b c"}), true},
		"nobody, where it is alone":                           {seen("a"), 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := hasAll(tt.wait.current, tt.wait.past, tt.learner); got != tt.merges {
				t.Errorf("it merges: %v", got)
			}
		})
	}

	t.Run("for learners who were elsewhere in between", func(t *testing.T) {
		t.Parallel()
		w := seen("a b", "a b c").after(setOf("a b"), now)
		learner := learnerOf(t, home{"a", "a b"}, home{"c", "a b c"})
		if hasAll(w.current, w.past, learner) {
			t.Error("it merges, and c may have ids of the learner")
		}
	})
	t.Run("nobody, when all have handed over", func(t *testing.T) {
		t.Parallel()
		w := seen("a b c", "a b").hearing(writerOf("b"), word{ownerOf("b"), digest(setOf("a b")), false, now})
		w = w.hearing(writerOf("c"), word{ownerOf("c"), digest(setOf("a b")), true, now})
		if !hasAll(w.current, w.past, learnerOf(t, home{"c", "a b c"}, home{"a", "a b"})) {
			t.Error("it does not merge")
		}
	})
}

func TestWhatNobodyAsksForAnyMoreIsForgotten(t *testing.T) {
	t.Parallel()
	w := wait{self: writerOf("a"), patience: Patience}.after(setOf("a b"), time.Unix(0, 0))
	for i := range 1000 {
		stranger := memberOf("z")
		stranger.Writer[0] = byte(i)
		w = w.hearing(stranger.Writer, word{stranger.Owner, 1, false, time.Unix(int64(i), 0)})
	}
	w = w.after(setOf("a c"), time.Unix(2000, 0))
	if len(w.words) > 0 {
		t.Errorf("%d words are kept", len(w.words))
	}
	if d := digest(members.Set{}); d == digest(setOf("a b")) {
		t.Error("two sets have one digest")
	}
}
