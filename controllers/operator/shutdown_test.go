package operator

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// part that takes a while to end, or fails after a while; an unruly one fails
// when it is told to end.
type part struct {
	name     string
	takes    time.Duration
	fails    error
	failsIn  time.Duration
	unruly   bool
	happened *happened
}

// happened is what did, and when.
type happened struct {
	mu    sync.Mutex
	begin time.Time
	what  []string
}

func (h *happened) add(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.what = append(h.what, what+" after "+time.Since(h.begin).String())
}

func (p part) Start(ctx context.Context) error {
	if p.fails != nil {
		select {
		case <-time.After(p.failsIn):
			p.happened.add(p.name + " fails")
			return p.fails
		case <-ctx.Done():
			if p.unruly {
				p.happened.add(p.name + " fails")
				return p.fails
			}
		}
	}
	<-ctx.Done()
	<-time.After(p.takes)
	p.happened.add(p.name + " has ended")
	return nil
}

func TestWhatServesEndsAfterWhatLeads(t *testing.T) {
	broken := errors.New("broken")
	const told = 10 * time.Second
	for name, c := range map[string]struct {
		serving, leading part
		want             []string
		says             string
	}{
		"the delay after it was told to": {
			part{takes: time.Second}, part{takes: 2 * time.Second},
			[]string{"leading has ended after 12s", "serving has ended after 16s"}, "",
		},
		"and not before what leads, although that is slow": {
			part{}, part{takes: 8 * time.Second},
			[]string{"leading has ended after 18s", "serving has ended after 18s"}, "",
		},
		"in its time where what leads cannot end well": {
			part{}, part{fails: broken, failsIn: time.Hour, unruly: true},
			[]string{"leading fails after 10s", "serving has ended after 15s"}, "leading: broken",
		},
		"at once where what leads has failed": {
			part{}, part{fails: broken, failsIn: 3 * time.Second},
			[]string{"leading fails after 3s", "serving has ended after 3s"}, "leading: broken",
		},
		"and takes what leads with it where it has failed itself": {
			part{fails: broken, failsIn: 3 * time.Second}, part{},
			[]string{"leading has ended after 3s", "serving fails after 3s"}, "serving: broken",
		},
		"at once where it fails during the delay": {
			part{fails: broken, failsIn: 11 * time.Second}, part{},
			[]string{"leading has ended after 10s", "serving fails after 11s"}, "serving: broken",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &happened{begin: time.Now()}
				c.serving.name, c.serving.happened = "serving", h
				c.leading.name, c.leading.happened = "leading", h
				ctx, cancel := context.WithTimeout(t.Context(), told)
				defer cancel()
				err := runBoth(ctx, c.serving, c.leading, 5*time.Second)
				if (err != nil) != (c.says != "") || err != nil && err.Error() != c.says {
					t.Errorf("error %v, want %q", err, c.says)
				}
				// What happens at the same moment has no order; the times show the rest.
				slices.Sort(h.what)
				if diff := cmp.Diff(c.want, h.what); diff != "" {
					t.Errorf("what happened (-want +got):\n%s", diff)
				}
			})
		})
	}
}
