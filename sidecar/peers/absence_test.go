package peers

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
)

func TestWhatMakesASidecarAskWhoIsThere(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		asks bool
	}{
		"a peer that answers is there":                         {nil, false},
		"one that refuses may be about to stop":                {&hop.UnreachableError{Reason: hop.ReasonRefused}, true},
		"one that can't be reached may be gone":                {&hop.UnreachableError{Reason: hop.ReasonConnect}, true},
		"one that failed a moment ago was asked for then":      {&hop.UnreachableError{Reason: hop.ReasonBreaker}, false},
		"one that is known to have left":                       {&hop.UnreachableError{Reason: hop.ReasonLeft}, false},
		"one that does not answer in time is no less a member": {hop.ErrInDoubt, false},
	} {
		t.Run(name, func(t *testing.T) {
			term := &term{absence: make(chan struct{}, 1)}
			for range 3 { // a callback of links must not wait
				term.missed(hop.Exchange{Err: tt.err})
			}
			if asks := len(term.absence) == 1; asks != tt.asks {
				t.Errorf("it asks: %v", asks)
			}
		})
	}
}
