package handover

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// node is a sidecar with its memory of events.
type node struct {
	*world
	*Handover
	name   string // a letter for the sidecar, and a number for its process
	writer uuid.UUID
	stop   func()
	seeing sync.Mutex
	// looking is held by the one that asks out of turn.
	looking sync.Mutex

	// killed is when it was killed, for the first time after it had handed everything
	// over; zero for never.
	killed time.Time

	events map[spool.EventID]kind
	users  map[spool.EventID]string // of strays
	again  map[spool.EventID]bool   // strays that another one has handed on meanwhile
}

// start runs a node with what one before remembers.
func (w *world) start(before *node) {
	n := &node{world: w, writer: before.writer, killed: before.killed, events: before.events, users: before.users, again: map[spool.EventID]bool{}}
	owner := uuid.UUID{}
	binary.BigEndian.PutUint64(owner[:], w.random.Uint64())
	n.Handover = New(Options{Writer: n.writer, Owner: owner, Events: n, MoveOut: n.moveOut, Send: n.send, Sent: func(int) {}, Missed: func() { w.working.Go(n.look) }})
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
	answer := time.Duration(w.random.IntN(50)) * time.Millisecond
	w.working.Go(func() {
		<-time.After(answer) // of the registry, before which others know it already
		n.see()
	})
}

// see tells a node what is in the registry.
func (n *node) see() {
	n.seeing.Lock() // one set after the other
	defer n.seeing.Unlock()
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

// look asks the registry out of turn, half a second after the one that asked before.
func (n *node) look() {
	if n.looking.TryLock() {
		defer n.looking.Unlock()
		n.see()
		<-time.After(500 * time.Millisecond)
	}
}

// maxAway is how long a sidecar may be away that was killed, or killed again and again
// before it had handed everything over. The others wait for Patience, and an event may
// count twice after that. The rest of the time is for a step of the test, and for
// changes of which it had not heard when it was killed: each takes some seconds.
const maxAway = Patience * 2 / 5

// mayBeKilled reports whether the others have its ids, or there is time left.
func (n *node) mayBeKilled() bool {
	return n.killed.IsZero() || n.hasSaid() || time.Since(n.killed) < maxAway
}

// hasSaid reports whether it has handed everything over.
func (n *node) hasSaid() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.done.handed != nil
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

// leave ends it as SIGTERM does. Where the grace period is over before it has handed
// everything over, it stays on the roll, and is to be started again.
func (n *node) leave(grace time.Duration) {
	if n.killed.IsZero() || n.hasSaid() {
		n.killed = time.Now()
	}
	n.Leaving()
	n.lock.Lock()
	row := n.registry[n.writer]
	row.Leaving = true
	n.note(spool.EventID{}, "leaves")
	n.registry[n.writer] = row
	n.lock.Unlock()
	n.see()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := n.AwaitLeft(ctx, following(n.Handover))
	n.lock.Lock()
	n.note(spool.EventID{}, "has handed over: %v", err)
	delete(n.nodes, n.writer)
	if err != nil {
		n.unfinished = append(n.unfinished, n)
	}
	n.lock.Unlock()
	if err != nil {
		n.stop()
		return
	}
	for range 20 { // for two seconds
		n.see()
		n.deliver()
		<-time.After(100 * time.Millisecond)
	}
	n.lock.Lock()
	n.end()
	n.note(spool.EventID{}, "is gone")
	delete(n.registry, n.writer)
	n.lock.Unlock()
	n.stop()
}

// end does with strays what is done at the end of a pod. A spool that outlives it keeps
// those whose home was killed, which may have them.
func (n *node) end() {
	set := n.View().Set
	for id, k := range n.events {
		home, _ := set.Home(n.users[id])
		if k == stray && len(set.Candidates()) > 0 && n.nodes[home.Writer] == nil {
			n.unfinished = append(n.unfinished, n)
			return
		}
	}
	for id, k := range n.events {
		if k == stray {
			n.events[id] = merged
			n.counted[id]++
			n.note(id, "counts it at its end")
		}
	}
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

// moveOut is for what this world has not: rows.
func (n *node) moveOut(func(string) bool) func(context.Context) error {
	return func(context.Context) error { return nil }
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
