package world

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// stops make sure that a sidecar is told to stop only while another one of its
// service is there to take the ids of the events that it has merged. Where nobody is,
// what a client repeats at the next one counts twice (docs/semantics.md).
type stops struct {
	mu sync.Mutex
	// stopping are told to stop, and staying are not, since somebody who stops needs them,
	// by how many do.
	stopping map[*Sidecar]bool
	staying  map[*Sidecar]int
}

func newStops() *stops {
	return &stops{stopping: map[*Sidecar]bool{}, staying: map[*Sidecar]int{}}
}

// stopPatience is how long a sidecar that is to stop waits for another one to be there: the
// registry may be away.
const stopPatience = 10 * time.Second

// begin lets a sidecar be told to stop until over is called. It is false, and there is
// nothing to call, if nobody else is there.
func (a *stops) begin(s *Sidecar) (over func(), ok bool) {
	if s.Service == "" {
		return func() {}, true
	}
	err := wait.Until(context.Background(), stopPatience, "another sidecar that stays while "+s.Name+" stops", func(ctx context.Context) error {
		over, ok = a.claim(ctx, s)
		return wait.Unless(ok, "nobody")
	})
	if err != nil {
		s.world.Trace.Printf("%s is not told to stop: no other is there", s.Name)
	}
	return over, err == nil
}

// claim is begin without waiting.
func (a *stops) claim(ctx context.Context, s *Sidecar) (over func(), ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.staying[s] > 0 || a.stopping[s] {
		return nil, false
	}
	members := s.world.Members(s.Service)
	i := slices.IndexFunc(members, func(m *Sidecar) bool { return m != s && !a.stopping[m] && m.isEnrolled(ctx) })
	if i < 0 {
		return nil, false
	}
	a.stopping[s] = true
	a.staying[members[i]]++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.stopping, s)
		a.staying[members[i]]--
	}, true
}

// Terminate asks the process to end within its grace period, and kills it when it does
// not. False means that there was none, or nobody to take what it knows.
func (s *Sidecar) Terminate() bool {
	over, ok := s.world.stops.begin(s)
	if !ok {
		return false
	}
	defer over()
	return s.terminate()
}

// TerminateNext is kill -9, and Terminate of the process that is started then, so long
// after the end of the first.
func (s *Sidecar) TerminateNext(after time.Duration) bool {
	over, ok := s.world.stops.begin(s)
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
