package handover

import (
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// world is sidecars that know each other from a registry, each at its own time.
type world struct {
	random *rand.Rand

	lock     sync.Mutex
	registry map[uuid.UUID]members.Member
	nodes    map[uuid.UUID]*node
	working  sync.WaitGroup
	// unfinished are those that left before they had handed everything over.
	unfinished []*node
	// counted is how often an event was merged.
	counted map[spool.EventID]int

	trace  trace
	names  map[uuid.UUID]string // of processes, by owner
	starts map[uuid.UUID]int    // how often a sidecar was started, by writer
}

func newWorld(seed uint64) *world {
	return &world{
		random: rand.New(rand.NewPCG(seed, 0)), registry: map[uuid.UUID]members.Member{}, nodes: map[uuid.UUID]*node{},
		counted: map[spool.EventID]int{}, names: map[uuid.UUID]string{}, starts: map[uuid.UUID]int{},
	}
}

func (w *world) join() {
	n := &node{world: w, events: map[spool.EventID]kind{}, users: map[spool.EventID]string{}}
	binary.BigEndian.PutUint64(n.writer[:], w.random.Uint64())
	w.start(n)
}

func (w *world) all() []*node {
	w.lock.Lock()
	defer w.lock.Unlock()
	all := slices.Collect(maps.Values(w.nodes))
	slices.SortFunc(all, func(a, b *node) int { return slices.Compare(a.writer[:], b.writer[:]) })
	return all
}

// takeUnfinished returns those that nobody has started again.
func (w *world) takeUnfinished() []*node {
	w.lock.Lock()
	defer w.lock.Unlock()
	all := w.unfinished
	w.unfinished = nil
	return all
}

// calm lets everyone hear of everyone, and strays come home.
func (w *world) calm() {
	for range 3 {
		for _, n := range w.all() {
			n.see()
		}
		<-time.After(Patience)
		for _, n := range w.all() {
			n.deliver()
		}
	}
}

// eventOf is an event of a learner.
func eventOf(user string, number int) (id spool.EventID) {
	binary.BigEndian.PutUint64(id[:8], learnerhash.Of(user))
	binary.BigEndian.PutUint64(id[8:], uint64(number))
	return id
}

var worldSeed = flag.Uint64("seed", 0, "of all the worlds of TestEachEventCountsOnceWhileHomesChange, 0 for random ones")

// A client sends what it has done to any sidecar, again and again, while sidecars join,
// leave, and are killed and started again, and hear of each other at different times.
func TestEachEventCountsOnceWhileHomesChange(t *testing.T) {
	seeds := 400
	if testing.Short() {
		seeds = 50
	}
	for range seeds {
		seed := *worldSeed
		if seed == 0 {
			seed = rand.Uint64()
		}
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(seed)
			for range 1 + w.random.IntN(4) {
				w.join()
			}
			w.calm()
			sent := w.live()
			w.calm()
			for id := range sent {
				if n := w.counted[id]; n != 1 {
					t.Errorf("seed %d: an event counts %d times:%s", seed, n, w.trace.of(id))
				}
			}
			for _, n := range w.all() {
				n.stop()
			}
		})
		if t.Failed() {
			return
		}
	}
}

// live is 60 things that happen, in the end of which all sidecars that did not leave are
// there. It returns the events that clients have sent.
func (w *world) live() (sent map[spool.EventID]bool) {
	sent = map[spool.EventID]bool{}
	var down []*node
	leaving := map[*node]bool{}
	for range 60 {
		all := slices.DeleteFunc(w.all(), func(n *node) bool { return leaving[n] })
		at := all[w.random.IntN(len(all))]
		down = append(down, w.takeUnfinished()...)
		down = slices.DeleteFunc(down, func(n *node) bool {
			overdue := time.Since(n.killed) >= maxAway
			if overdue {
				w.start(n)
			}
			return overdue
		})
		switch what := w.random.IntN(20); {
		case what < 10:
			user := fmt.Sprint("learner ", w.random.IntN(20))
			id := eventOf(user, w.random.IntN(3))
			sent[id] = true
			w.working.Go(func() { at.update(user, id) })
		case what < 13:
			at.see()
		case what < 15:
			w.working.Go(at.deliver)
		case what < 16:
			w.join()
		case what < 17 && len(all) > 1 && at.mayBeKilled():
			leaving[at] = true
			grace := []time.Duration{0, 5 * time.Millisecond, 2 * time.Second}[w.random.IntN(3)]
			w.working.Go(func() { at.leave(grace) })
		case what < 18 && len(all) > 1 && len(down) < 2:
			w.working.Wait() // what is in doubt is a stray, and so none of this test
			if at.mayBeKilled() {
				at.kill()
				down = append(down, at)
			}
		case what < 19 && len(down) > 0:
			w.start(down[0])
			down = down[1:]
		default:
			// All have heard of a change before 30 seconds are over.
			for _, n := range all {
				n.see()
			}
			<-time.After(time.Duration(w.random.IntN(3000)) * time.Millisecond)
		}
		<-time.After(time.Duration(w.random.IntN(4)) * time.Millisecond)
	}
	w.working.Wait()
	for _, n := range append(down, w.takeUnfinished()...) {
		w.start(n)
	}
	return sent
}
