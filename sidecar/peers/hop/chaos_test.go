package hop_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/door"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// Whatever the network and the home do: what was answered counts once, what was
// unreachable not at all, and what is in doubt at most once. A sidecar that is told
// otherwise counts a learner's seconds twice, or loses them.
func TestWhateverHappensOnTheWayACallIsToldTheTruth(t *testing.T) {
	times := quick()
	times.Ping, times.Pong, times.Answer = 50*time.Millisecond, 50*time.Millisecond, 300*time.Millisecond
	times.Connect = 500 * time.Millisecond // of a connection that falls silent before it is one
	times.OpenFirst, times.OpenMost = time.Millisecond, 2*time.Millisecond
	h := &home{}
	p := newPair(t, h, times)
	var mu sync.Mutex
	faults := rand.New(rand.NewPCG(7, 11))
	draw := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return faults.IntN(n)
	}
	var restarting sync.Mutex
	over := false // what is late restarts nothing
	restart := func(end func(*door.Server)) {
		restarting.Lock()
		defer restarting.Unlock()
		if over {
			return
		}
		end(p.server)
		kill(p.server)
		p.restart(t)
	}
	h.before = func(int) {
		switch draw(16) {
		case 0:
			p.proxy.cut()
		case 1:
			p.proxy.silence()
		case 2:
			restart(func(*door.Server) {})
		}
	}
	h.after = func(int) error {
		switch draw(16) {
		case 0:
			p.proxy.cut()
		case 1:
			p.proxy.silence()
		case 2:
			restart(func(*door.Server) {})
		case 3:
			return buffer.ErrFailed
		case 4:
			p.proxy.set(func(p *proxy) { p.refuses = 2 })
			p.proxy.cut()
		case 5:
			restart((*door.Server).Stop)
		}
		return nil
	}
	const callers, each = 8, 25
	var answered, doubtful sync.Map
	var unreachable atomic.Int64
	var calls sync.WaitGroup
	for c := range callers {
		calls.Go(func() {
			for i := range each {
				user := fmt.Sprintf("user-%d-%d", c, i)
				err := wait.Every(t.Context(), time.Millisecond, kit.Patience, "a peer", func(context.Context) error {
					results, err := p.put(user)
					switch {
					case err == nil && results[0].Record.UserID == user:
						answered.Store(user, true)
					case errors.Is(err, hop.ErrInDoubt):
						doubtful.Store(user, true)
					case errors.Is(err, hop.ErrUnreachable):
						unreachable.Add(1)
						if h.times(user) > 0 {
							t.Errorf("%s is said not to have been sent, and was merged", user)
						}
						return err
					default:
						return wait.Permanent(fmt.Errorf("%+v, %w", results, err))
					}
					return nil
				})
				if err != nil {
					t.Errorf("%s: %v", user, err)
				}
			}
		})
	}
	calls.Wait()
	restarting.Lock()
	over = true
	kill(p.server) // so that nothing that is late comes after the count
	restarting.Unlock()
	count := func(of *sync.Map, least, most int) (n int) {
		of.Range(func(user, _ any) bool {
			n++
			if merged := h.times(user.(string)); merged < least || merged > most {
				t.Errorf("%s was merged %d times, want %d to %d", user, merged, least, most)
			}
			return true
		})
		return n
	}
	a, d := count(&answered, 1, 1), count(&doubtful, 0, 1)
	t.Logf("%d answered, %d in doubt, %d times unreachable", a, d, unreachable.Load())
	if a == 0 || d == 0 || unreachable.Load() == 0 {
		t.Error("one of the three never happened, so that this shows nothing of it")
	}
}
