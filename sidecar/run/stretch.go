package run

import (
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
)

// stretched sets the policy of a buffer with its interval stretched by a factor.
type stretched struct {
	buffer *buffer.Buffer

	mu     sync.Mutex
	policy buffer.Policy
	factor float64
}

func newStretched(b *buffer.Buffer, p buffer.Policy) *stretched {
	return &stretched{buffer: b, policy: p, factor: 1}
}

// SetPolicy changes the policy; the factor stays.
func (s *stretched) SetPolicy(p buffer.Policy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policy = p
	s.apply()
}

// SetStretch changes the factor; 1 is as configured.
func (s *stretched) SetStretch(factor float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.factor = factor
	s.apply()
}

func (s *stretched) apply() {
	p := s.policy
	p.Interval = time.Duration(float64(p.Interval) * s.factor)
	p.Linger = min(p.Interval/10, maxLinger)
	s.buffer.SetPolicy(p)
}
