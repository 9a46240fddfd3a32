package world

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// witnesses make sure that a sidecar is told to stop only while another one of its
// service is there to take the ids of the events that it has merged. Where nobody is,
// what a client repeats at the next one counts twice (docs/semantics.md).
type witnesses struct {
	mu sync.Mutex
	// stopping are told to stop, and staying are not, since somebody who stops needs them,
	// by how many do.
	stopping map[*Sidecar]bool
	staying  map[*Sidecar]int
}

func newWitnesses() *witnesses {
	return &witnesses{stopping: map[*Sidecar]bool{}, staying: map[*Sidecar]int{}}
}

// witnessPatience is how long a sidecar that is to stop waits for a witness: the
// registry may be away.
const witnessPatience = 10 * time.Second

// stop lets a sidecar be told to stop until over is called. It is false, and there is
// nothing to call, if nobody else is there.
func (w *witnesses) stop(s *Sidecar) (over func(), ok bool) {
	if s.Service == "" {
		return func() {}, true
	}
	err := wait.Until(context.Background(), witnessPatience, "another sidecar that stays while "+s.Name+" stops", func(ctx context.Context) error {
		over, ok = w.claim(ctx, s)
		return wait.Unless(ok, "nobody")
	})
	if err != nil {
		s.world.Trace.Printf("%s is not told to stop: no other is there", s.Name)
	}
	return over, err == nil
}

// claim is stop without waiting.
func (w *witnesses) claim(ctx context.Context, s *Sidecar) (over func(), ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.staying[s] > 0 || w.stopping[s] {
		return nil, false
	}
	members := s.world.Members(s.Service)
	i := slices.IndexFunc(members, func(m *Sidecar) bool { return m != s && !w.stopping[m] && m.isEnrolled(ctx) })
	if i < 0 {
		return nil, false
	}
	w.stopping[s] = true
	w.staying[members[i]]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.stopping, s)
		w.staying[members[i]]--
	}, true
}

// Terminate asks the process to end within its grace period, and kills it when it does
// not. False means that there was none, or nobody to take what it knows.
func (s *Sidecar) Terminate() bool {
	over, ok := s.world.witnesses.stop(s)
	if !ok {
		return false
	}
	defer over()
	return s.terminate()
}

// TerminateNext is kill -9, and Terminate of the process that is started then, so long
// after the end of the first.
func (s *Sidecar) TerminateNext(after time.Duration) bool {
	over, ok := s.world.witnesses.stop(s)
	if !ok {
		return false
	}
	defer over()
	s.Kill()
	<-time.After(after)
	return s.terminate()
}

// isEnrolled reports whether the registry has answered the process that runs.
func (s *Sidecar) isEnrolled(ctx context.Context) bool {
	d, err := s.Document(ctx)
	return err == nil && d.Peers != nil && d.Peers.Candidates > 0
}
