package buffer

import (
	"cmp"
	chain "container/list"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// SenderID names a process that hands updates on; it is random.
type SenderID = spool.SenderID

const (
	// senderAge is how long a sender is known that sends nothing. A batch whose
	// answer was lost is repeated for seconds only.
	senderAge = 15 * time.Minute
	// maxSenders bounds their number; the ones that were seen longest ago go first.
	// It is three times the processes of the largest installations that
	// docs/operating.md speaks of, so that a rolling restart of all of them, which
	// gives each pod another sender, drops none that may still repeat a batch. One
	// takes about 200 bytes of memory and 50 on the disk.
	maxSenders = 16_384
	// maxUnmerged bounds the runs of items that were not merged, of all senders,
	// to 24 MB.
	maxUnmerged = 1_000_000
)

// sender is what is known of the last batch of a process that hands updates on.
type sender struct {
	id       SenderID
	number   uint64
	seen     time.Duration // by the clock's elapsed time
	unmerged []spool.Unmerged
}

// senders are those that were seen lately.
type senders struct {
	known map[SenderID]*chain.Element // of *sender
	order chain.List                  // the one that was seen last is the last
	runs  int                         // in unmerged, of all
}

func newSenders() senders { return senders{known: map[SenderID]*chain.Element{}} }

// of returns what is known of a sender, nil for nothing.
func (s *senders) of(id SenderID) *sender {
	if at := s.known[id]; at != nil {
		return at.Value.(*sender)
	}
	return nil
}

// set notes a sender's last batch, and returns the sender with those that are
// forgotten for it.
func (s *senders) set(id SenderID, number uint64, unmerged []spool.Unmerged, now time.Duration) (of *sender, forgotten []SenderID) {
	if at := s.known[id]; at != nil {
		s.forget(at)
	}
	of = &sender{id: id, number: number, seen: now, unmerged: unmerged}
	s.known[id] = s.order.PushBack(of)
	s.runs += len(unmerged)
	for len(s.known) > 1 && (len(s.known) > maxSenders || s.runs > maxUnmerged) {
		forgotten = append(forgotten, s.forget(s.order.Front()))
	}
	return of, forgotten
}

// see notes that a sender has sent its last batch again.
func (s *senders) see(of *sender, now time.Duration) {
	of.seen = now
	s.order.MoveToBack(s.known[of.id])
}

// expire forgets those that were not seen for senderAge, and returns them.
func (s *senders) expire(now time.Duration) (forgotten []SenderID) {
	for at := s.order.Front(); at != nil && now-at.Value.(*sender).seen >= senderAge; at = s.order.Front() {
		forgotten = append(forgotten, s.forget(at))
	}
	return forgotten
}

func (s *senders) forget(at *chain.Element) SenderID {
	of := s.order.Remove(at).(*sender)
	delete(s.known, of.id)
	s.runs -= len(of.unmerged)
	return of.id
}

// ids are those of all senders, in no order.
func (s *senders) ids() []SenderID {
	ids := make([]SenderID, 0, len(s.known))
	for id := range s.known {
		ids = append(ids, id)
	}
	return ids
}

// put writes what is known of the sender into c.
func (of *sender) put(c *spool.Change, now reading) {
	c.PutSender(of.id, &spool.Sender{Number: of.number, Seen: now.wallOf(of.seen), Unmerged: of.unmerged})
}

// loadedSender is what the disk has of a sender.
type loadedSender struct {
	id SenderID
	spool.Sender
}

// load takes what the disk has. A restart counts as seen: how long nothing ran is
// only told by a clock that may have been set.
func (s *senders) load(all []loadedSender, now time.Duration) {
	slices.SortFunc(all, func(a, b loadedSender) int { return cmp.Compare(a.Seen, b.Seen) })
	for _, l := range all {
		s.set(l.id, l.Number, l.Unmerged, now)
	}
}
