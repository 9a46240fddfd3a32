package handover

import (
	"context"
	"encoding/binary"
	"errors"
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
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// world is sidecars that know each other from a registry, each at its own time.
type world struct {
	t      *testing.T
	random *rand.Rand

	lock     sync.Mutex
	registry map[uuid.UUID]members.Member
	nodes    map[uuid.UUID]*node
	working  sync.WaitGroup
	// counted is how often an event was merged.
	counted map[spool.EventID]int

	trace  trace
	names  map[uuid.UUID]string // of processes, by owner
	starts map[uuid.UUID]int    // how often a sidecar was started, by writer
}

// node is a sidecar with its memory of events.
type node struct {
	*world
	*Handover
	name   string // a letter for the sidecar, and a number for its process
	writer uuid.UUID
	stop   func()

	// killed is the first time since when it has handed nothing over, zero for never.
	killed time.Time

	events map[spool.EventID]kind
	users  map[spool.EventID]string // of strays
	again  map[spool.EventID]bool   // strays that another one has handed on meanwhile
}

// kind is what a node knows of an event.
type kind int

const (
	merged   kind = iota + 1
	stray         // waits here
	handedOn      // its home has it
)

func newWorld(t *testing.T, seed uint64) *world {
	return &world{
		t: t, random: rand.New(rand.NewPCG(seed, 0)), registry: map[uuid.UUID]members.Member{}, nodes: map[uuid.UUID]*node{},
		counted: map[spool.EventID]int{}, names: map[uuid.UUID]string{}, starts: map[uuid.UUID]int{},
	}
}

// start runs a node with what one before remembers.
func (w *world) start(before *node) {
	n := &node{world: w, writer: before.writer, killed: before.killed, events: before.events, users: before.users, again: map[spool.EventID]bool{}}
	owner := uuid.UUID{}
	binary.BigEndian.PutUint64(owner[:], w.random.Uint64())
	n.Handover = New(Options{Writer: n.writer, Owner: owner, Events: n, Send: n.send, Sent: func(int) {}, Missed: func() { w.working.Go(n.see) }})
	w.lock.Lock()
	letter := before.name
	if letter == "" {
		letter = fmt.Sprintf("%c", 'a'+len(w.starts))
	}
	w.starts[n.writer]++
	n.name = fmt.Sprint(letter[:1], w.starts[n.writer])
	w.names[owner] = n.name
	n.note(spool.EventID{}, "starts")
	w.nodes[n.writer] = n
	w.registry[n.writer] = members.Member{Writer: n.writer, Owner: owner, Target: "t", Protocol: 1}
	w.lock.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.Run(ctx)
	}()
	n.stop = func() { cancel(); <-ended }
	<-time.After(time.Millisecond) // the registry's answer, before which others know it already
	n.see()
}

func (w *world) join() {
	n := &node{world: w, events: map[spool.EventID]kind{}, users: map[spool.EventID]string{}}
	binary.BigEndian.PutUint64(n.writer[:], w.random.Uint64())
	w.start(n)
}

// see tells a node what is in the registry.
func (n *node) see() {
	n.lock.Lock()
	self := n.registry[n.writer]
	others := slices.Collect(maps.Values(n.registry))
	set := members.New(self, others)
	if names := n.namesIn(set); names != n.namesIn(n.View().Set) {
		n.note(spool.EventID{}, "sees %s", names)
	}
	n.lock.Unlock()
	n.Follow(set)
}

// maxAway is how long a sidecar that was killed is away in this test, or is killed again
// and again before it has handed its ids over: so much shorter than Patience that it
// hands them over in time, also if it had not heard of the last change and if what the
// test does meanwhile takes seconds. After Patience an event may count twice.
const maxAway = Patience * 2 / 5

// mayBeKilled reports whether it may be away for a while: the others have its ids, or
// there is time left.
func (n *node) mayBeKilled() bool {
	return n.killed.IsZero() || n.hasSaid() || time.Since(n.killed) < maxAway
}

// hasSaid reports whether it has handed everything over.
func (n *node) hasSaid() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.said != nil
}

// kill ends a process. What it remembers stays.
func (n *node) kill() {
	if n.killed.IsZero() || n.hasSaid() {
		n.killed = time.Now()
	}
	n.lock.Lock()
	delete(n.nodes, n.writer)
	n.note(spool.EventID{}, "is killed")
	n.lock.Unlock()
	n.stop()
}

// leave ends it as SIGTERM does.
func (n *node) leave() {
	n.Leaving()
	n.lock.Lock()
	row := n.registry[n.writer]
	row.Leaving = true
	n.note(spool.EventID{}, "leaves")
	n.registry[n.writer] = row
	n.lock.Unlock()
	n.see()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := n.AwaitLeft(ctx)
	n.lock.Lock()
	n.note(spool.EventID{}, "has handed over: %v", err)
	delete(n.nodes, n.writer)
	n.lock.Unlock()
	for range 20 { // for two seconds
		n.see()
		n.deliver()
		<-time.After(100 * time.Millisecond)
	}
	n.lock.Lock()
	for id, k := range n.events {
		if k == stray {
			n.events[id] = merged
			n.counted[id]++
			n.note(id, "counts it at its end")
		}
	}
	n.note(spool.EventID{}, "is gone")
	delete(n.registry, n.writer)
	n.lock.Unlock()
	n.stop()
}

var errAway = errors.New("it is away")

func (n *node) other(writer uuid.UUID) (*node, error) {
	<-time.After(time.Millisecond) // the way there
	n.lock.Lock()
	defer n.lock.Unlock()
	if to := n.nodes[writer]; to != nil {
		return to, nil
	}
	return nil, errAway
}

func (n *node) send(ctx context.Context, to uuid.UUID, page *wire.Events) error {
	other, err := n.other(to)
	if err != nil {
		return err
	}
	copied := *page
	copied.IDs = slices.Clone(page.IDs)
	err = other.Take(ctx, &copied)
	n.lock.Lock()
	defer n.lock.Unlock()
	for _, id := range copied.IDs {
		n.note(id, "has handed it over to %s: %v", other.name, err)
	}
	if page.Last {
		n.note(spool.EventID{}, "has said to %s that this was all (leaving %v): %v", other.name, page.Leaving, err)
	}
	return err
}

// EventIDsWhere implements Events.
func (n *node) EventIDsWhere(is func(learner uint64) bool) (ids []spool.EventID) {
	n.lock.Lock()
	defer n.lock.Unlock()
	for id, k := range n.events {
		if k == merged && is(id.Learner()) {
			ids = append(ids, id)
		}
	}
	return ids
}

// RememberEventIDs implements Events.
func (n *node) RememberEventIDs(_ context.Context, ids []spool.EventID) error {
	<-time.After(time.Millisecond) // the disk
	n.lock.Lock()
	defer n.lock.Unlock()
	for _, id := range ids {
		n.note(id, "remembers it")
		n.events[id] = merged
	}
	return nil
}

// use is by what it merges, nil while it does not know who is home, as package peers
// does.
func (n *node) use() (v *View, end func()) {
	v, end = n.Use()
	if v == nil || v.Len() == 0 {
		return nil, end
	}
	return v, end
}

// put is what a home does with an update that it gets, as the buffer does: a stray that
// another one hands on is not dropped for what was said of it before, and an event that
// was handed on is not known to another one.
func (n *node) put(user string, id spool.EventID, handed bool) {
	v, end := n.use()
	defer end()
	mayMerge := v != nil && v.Merges(user)
	n.lock.Lock()
	switch k := n.events[id]; {
	case k == stray && handed:
		n.again[id] = true
		n.note(id, "has it as a stray, again")
	case k == handedOn && !handed, k == stray, k == merged:
		n.note(id, "has it (%v)", k)
	case mayMerge:
		n.events[id] = merged
		n.counted[id]++
		n.note(id, "counts it")
	default:
		n.events[id], n.users[id] = stray, user
		n.note(id, "keeps it as a stray")
	}
	n.lock.Unlock()
	<-time.After(time.Millisecond) // the disk
}

// update is what comes from an app. Without its home it is kept.
func (n *node) update(user string, id spool.EventID) {
	v := n.View()
	home, self := v.Home(user)
	if self {
		n.put(user, id, false)
		return
	}
	if to, err := n.other(home.Writer); err == nil && !to.isLeaving() {
		to.put(user, id, true)
		return
	}
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.events[id] == 0 {
		n.note(id, "keeps it as a stray, since %s is away", n.names[home.Owner])
		n.events[id], n.users[id] = stray, user
	}
}

// deliver brings strays home.
func (n *node) deliver() {
	n.lock.Lock()
	strays := map[spool.EventID]string{}
	for id, k := range n.events {
		if k == stray {
			strays[id] = n.users[id]
		}
	}
	n.lock.Unlock()
	for id, user := range strays {
		v := n.View()
		home, self := v.Home(user)
		if self {
			n.take(user, id)
			continue
		}
		if to, err := n.other(home.Writer); err == nil && !to.isLeaving() {
			to.put(user, id, true)
			n.drop(id, to)
		}
	}
}

// drop removes a stray that its home has, as the buffer does.
func (n *node) drop(id spool.EventID, home *node) {
	n.lock.Lock()
	defer n.lock.Unlock()
	switch {
	case n.events[id] != stray:
	case n.again[id]:
		delete(n.again, id)
		n.note(id, "has it as a stray still, though %s has it too", home.name)
	default:
		n.events[id] = handedOn
		n.note(id, "has handed it on to %s", home.name)
	}
}

// take makes a stray its own, if it may.
func (n *node) take(user string, id spool.EventID) {
	v, end := n.use()
	defer end()
	if v == nil || !v.Merges(user) {
		return
	}
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.events[id] == stray {
		n.events[id] = merged
		n.counted[id]++
		n.note(id, "counts it, which was a stray")
	}
}

func (w *world) all() []*node {
	w.lock.Lock()
	defer w.lock.Unlock()
	all := slices.Collect(maps.Values(w.nodes))
	slices.SortFunc(all, func(a, b *node) int { return slices.Compare(a.writer[:], b.writer[:]) })
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
			w := newWorld(t, seed)
			for range 1 + w.random.IntN(4) {
				w.join()
			}
			w.calm()
			sent := map[spool.EventID]bool{}
			var down []*node
			leaving := map[*node]bool{}
			for range 60 {
				all := slices.DeleteFunc(w.all(), func(n *node) bool { return leaving[n] })
				at := all[w.random.IntN(len(all))]
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
				case what < 17 && len(all) > 1 && len(down) == 0:
					leaving[at] = true
					w.working.Go(at.leave)
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
			for _, n := range down {
				w.start(n)
			}
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
