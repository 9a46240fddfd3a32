package handover

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// kind is what a node knows of an event.
type kind int

const (
	merged   kind = iota + 1
	stray         // waits here
	handedOn      // its home has it
)

func (k kind) String() string {
	return map[kind]string{merged: "merged", stray: "a stray", handedOn: "handed on"}[k]
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
		n.note(id, "has it already, %s", k)
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
	if to, err := n.other(home.Writer); err == nil && !to.IsLeaving() {
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
		if to, err := n.other(home.Writer); err == nil && !to.IsLeaving() {
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
