package handover

import (
	"context"
	"encoding/binary"
	"errors"
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
}

// node is a sidecar with its memory of events.
type node struct {
	*world
	*Handover
	writer uuid.UUID
	stop   func()

	events map[spool.EventID]kind
	users  map[spool.EventID]string // of strays
	turns  map[spool.EventID]int    // which of the strays of an event it is
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
		counted: map[spool.EventID]int{},
	}
}

// start runs a node with what one before remembers.
func (w *world) start(before *node) {
	n := &node{world: w, writer: before.writer, events: before.events, users: before.users, turns: before.turns}
	owner := uuid.UUID{}
	binary.BigEndian.PutUint64(owner[:], w.random.Uint64())
	n.Handover = New(Options{Writer: n.writer, Owner: owner, Events: n, Send: n.send, Sent: func(int) {}, Missed: func() { w.working.Go(n.see) }})
	w.lock.Lock()
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
	n.see()
}

func (w *world) join() {
	n := &node{world: w, events: map[spool.EventID]kind{}, users: map[spool.EventID]string{}, turns: map[spool.EventID]int{}}
	binary.BigEndian.PutUint64(n.writer[:], w.random.Uint64())
	w.start(n)
}

// see tells a node what is in the registry.
func (n *node) see() {
	n.lock.Lock()
	self := n.registry[n.writer]
	others := slices.Collect(maps.Values(n.registry))
	n.lock.Unlock()
	n.Follow(members.New(self, others))
}

// kill ends a process. What it remembers stays.
func (n *node) kill() {
	n.lock.Lock()
	delete(n.nodes, n.writer)
	n.lock.Unlock()
	n.stop()
}

// leave ends it as SIGTERM does.
func (n *node) leave() {
	n.Leaving()
	n.lock.Lock()
	row := n.registry[n.writer]
	row.Leaving = true
	n.registry[n.writer] = row
	n.lock.Unlock()
	n.see()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = n.AwaitLeft(ctx, following(n.Handover))
	n.lock.Lock()
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
		}
	}
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
	return other.Take(ctx, &copied)
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
		n.events[id] = merged
	}
	return nil
}

// put is what a home does with an update that it gets, as the buffer does: a stray that
// another one hands on is another stray than before, and an event that was handed on is
// not known to another one.
func (n *node) put(user string, id spool.EventID, handed bool) {
	v, end := n.Use()
	defer end()
	mayMerge := v != nil && v.Merges(user)
	n.lock.Lock()
	switch k := n.events[id]; {
	case k == stray && handed:
		n.turns[id]++
	case k == handedOn && !handed, k == stray, k == merged:
	case mayMerge:
		n.events[id] = merged
		n.counted[id]++
	default:
		n.events[id], n.users[id] = stray, user
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
			n.lock.Lock()
			turn := n.turns[id]
			n.lock.Unlock()
			to.put(user, id, true)
			n.lock.Lock()
			if n.events[id] == stray && n.turns[id] == turn {
				n.events[id] = handedOn
			}
			n.lock.Unlock()
		}
	}
}

func (n *node) take(user string, id spool.EventID) {
	v, end := n.Use()
	defer end()
	if !v.Merges(user) {
		return
	}
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.events[id] == stray {
		n.events[id] = merged
		n.counted[id]++
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

// A client sends what it has done to any sidecar, again and again, while sidecars join,
// leave, and are killed and started again, and hear of each other at different times.
func TestEachEventCountsOnceWhileHomesChange(t *testing.T) {
	seeds := 400
	if testing.Short() {
		seeds = 50
	}
	for range seeds {
		seed := rand.Uint64()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			for range 1 + w.random.IntN(4) {
				w.join()
			}
			w.calm()
			sent := map[spool.EventID]bool{}
			var down []*node
			var killed time.Time // the first of them
			leaving := map[*node]bool{}
			for range 60 {
				all := slices.DeleteFunc(w.all(), func(n *node) bool { return leaving[n] })
				at := all[w.random.IntN(len(all))]
				if len(down) > 0 && time.Since(killed) > Patience/2 {
					w.start(down[0]) // nobody is waited for any longer
					down, killed = down[1:], time.Now()
				}
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
					at.kill()
					if len(down) == 0 {
						killed = time.Now()
					}
					down = append(down, at)
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
					t.Errorf("seed %d: an event counts %d times", seed, n)
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
