package peers

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestARepeatIsKnownToTheHomeThatALearnerMovesTo(t *testing.T) {
	t.Parallel()
	registry, a, b := pair(t)
	kit.Eventually(t, "both to merge", func() error {
		return kit.Unless(merges(a) && merges(b), nil)
	})
	var all []string
	for range 30 {
		learner := learnerOf(a, a)
		a.put(of(learner, "e"))
		all = append(all, learner)
	}
	c := newSidecar(t, registry, config.PeersAuto)
	c.run("c")
	c.knows(3)
	c.reaches(a)
	c.reaches(b)
	moved := 0
	for _, learner := range all {
		if home, _ := c.set().Home(learner); home.Writer == c.o.Writer {
			moved++
		}
		c.put(of(learner, "e"))
		b.put(of(learner, "e"))
	}
	if moved == 0 {
		t.Fatal("no learner has moved")
	}
	kit.Eventually(t, "no strays", func() error {
		strays := a.buffer.Stats().Strays + b.buffer.Stats().Strays + c.buffer.Stats().Strays
		return kit.Unless(strays == 0, strays)
	})
	a.Leave(t.Context())
	for _, learner := range all {
		b.put(of(learner, "e"))
	}
	kit.Eventually(t, "no strays when a has left", func() error {
		strays := b.buffer.Stats().Strays + c.buffer.Stats().Strays
		return kit.Unless(strays == 0, strays)
	})
	for _, learner := range all {
		if n := a.updates(learner) + b.updates(learner) + c.updates(learner); n != 1 {
			t.Errorf("an update of %s counts %d times", learner, n)
		}
	}
}

// merges reports whether a sidecar merges updates of all learners whose home it is.
func merges(s *sidecar) bool {
	m, end := s.use()
	defer end()
	return m != nil && m.Merges(learnerOf(s, s))
}
