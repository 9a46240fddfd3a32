package hop

import (
	"context"
	"sync"
)

// Links are the peers of this process.
type Links struct {
	o       *Options
	workers *workers

	mu   sync.Mutex
	byID map[string]*Link
}

// NewLinks makes a set without peers. Close ends it.
func NewLinks(o Options) *Links {
	return &Links{o: &o, workers: newWorkers(), byID: map[string]*Link{}}
}

// Follow makes peers the peers. A link of one that stays keeps its batches and their
// numbers, wherever the peer has moved; one that left takes no more calls, and its
// connection is closed when its requests have ended, or soon after.
func (s *Links) Follow(peers []Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.byID
	s.byID = make(map[string]*Link, len(peers))
	for _, p := range peers {
		l, known := before[p.ID]
		if !known {
			l = newLink(s.o, s.workers, p)
		}
		l.conn.follow(p)
		s.byID[p.ID] = l
		delete(before, p.ID)
	}
	for _, l := range before {
		l.conn.leave()
	}
}

// To is the link of a peer, nil if it is none.
func (s *Links) To(id string) *Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id]
}

// Close refuses further calls, and waits for those under way until ctx ends; then it
// cuts them off, which leaves them in doubt.
func (s *Links) Close(ctx context.Context) {
	s.Follow(nil)
	s.workers.close(ctx)
}
