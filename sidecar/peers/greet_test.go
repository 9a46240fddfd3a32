package peers

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
)

// Whoever is not greeted learns of this sidecar by the registry, and writes what its
// learners do into a home that they have left, for as long as a call's period.
func TestWhoIsGreeted(t *testing.T) {
	ada := hop.Peer{ID: "ada", Address: "10.0.0.1:9788", Key: "1"}
	bob := hop.Peer{ID: "bob", Address: "10.0.0.2:9788", Key: "2"}
	restarted, moved := ada, ada
	restarted.Key, moved.Address = "3", "10.0.0.3:9788"
	for name, tt := range map[string]struct {
		before, after []hop.Peer
		greeted       []string
	}{
		"who starts greets everyone":            {nil, []hop.Peer{ada, bob}, []string{"ada", "bob"}},
		"who is alone greets nobody":            {nil, nil, nil},
		"one that comes is greeted":             {[]hop.Peer{ada}, []hop.Peer{ada, bob}, []string{"bob"}},
		"one that stays is not":                 {[]hop.Peer{ada, bob}, []hop.Peer{bob, ada}, nil},
		"one that was restarted is":             {[]hop.Peer{ada, bob}, []hop.Peer{restarted, bob}, []string{"ada"}},
		"one that moved is":                     {[]hop.Peer{ada, bob}, []hop.Peer{moved, bob}, []string{"ada"}},
		"one that goes says nothing of another": {[]hop.Peer{ada, bob}, []hop.Peer{bob}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var greeted []string
			g := newGreeter(func(_ context.Context, id string) {
				mu.Lock()
				defer mu.Unlock()
				greeted = append(greeted, id)
			})
			g.follow(t.Context(), tt.before)
			g.wait()
			greeted = nil
			g.follow(t.Context(), tt.after)
			g.wait()
			slices.Sort(greeted)
			if !slices.Equal(greeted, tt.greeted) {
				t.Errorf("greeted %q", greeted)
			}
		})
	}
}
