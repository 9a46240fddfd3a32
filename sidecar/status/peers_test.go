package status

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// A sidecar that wrongly says that it is peered hides that rows are written once a
// pod; one that wrongly says that it is not sends people after a NetworkPolicy.
func TestPeered(t *testing.T) {
	for name, c := range map[string]struct {
		peers Peers
		want  bool
	}{
		"all others are reached":                  {Peers{Mode: config.PeersAuto, Members: 4, Candidates: 4, Reached: 3}, true},
		"none was tried":                          {Peers{Mode: config.PeersAuto, Members: 4, Candidates: 4}, true},
		"it is alone":                             {Peers{Mode: config.PeersAuto, Members: 1, Candidates: 1}, true},
		"one of many was lost":                    {Peers{Mode: config.PeersAuto, Members: 64, Candidates: 64, Reached: 62, Unreached: 1}, true},
		"half are reached":                        {Peers{Mode: config.PeersAuto, Members: 5, Candidates: 5, Reached: 2, Unreached: 2}, true},
		"most are not":                            {Peers{Mode: config.PeersAuto, Members: 6, Candidates: 6, Reached: 2, Unreached: 3}, false},
		"the only other one is not":               {Peers{Mode: config.PeersAuto, Members: 2, Candidates: 2, Unreached: 1}, false},
		"of many, the few that were tried failed": {Peers{Mode: config.PeersAuto, Members: 64, Candidates: 64, Unreached: 2}, false},
		"it is not registered":                    {Peers{Mode: config.PeersAuto}, false},
		"peers are off":                           {Peers{Mode: config.PeersOff}, false},
	} {
		if got := c.peers.Peered(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
