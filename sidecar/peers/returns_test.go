package peers

import (
	"errors"
	"fmt"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
)

// Who is not noticed shows a learner what was before the peer was away.
func TestWhoIsReachedAgain(t *testing.T) {
	t.Parallel()
	away := fmt.Errorf("%w: no route", hop.ErrUnreachable)
	for name, tt := range map[string]struct {
		errs []error
		back bool
	}{
		"not one that was always reached":           {[]error{nil, nil}, false},
		"not one that is away":                      {[]error{nil, away}, false},
		"one that was away":                         {[]error{away, away, nil}, true},
		"also where a doubt came in between":        {[]error{away, hop.ErrInDoubt, nil}, true},
		"not one in doubt, of which nothing is due": {[]error{hop.ErrInDoubt, nil}, false},
		"not where the home refuses for its disk":   {[]error{errors.New("full"), nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReturns()
			for _, err := range tt.errs {
				r.note(hop.Exchange{Peer: "p", Err: err})
			}
			if signalled := len(r.signal) > 0; signalled != tt.back || r.take(func(string) bool { return true })["p"] != tt.back {
				t.Errorf("it is back: %v", signalled)
			}
			if again := r.take(func(string) bool { return false }); len(again) > 0 || len(r.away) > 0 {
				t.Errorf("it is back twice, or remembered for ever: %v, %v", again, r.away)
			}
		})
	}
}
