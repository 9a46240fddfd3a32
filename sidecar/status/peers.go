package status

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// Peers are the other sidecars of the database, and what became of the updates
// whose home is among them.
type Peers struct {
	// Mode of the configuration in use. Where it is Off all else but the counters is
	// zero.
	Mode config.PeersMode `json:"mode"`
	// Members that write the same table, this sidecar among them, as the registry
	// in the database last told; 0 until this one is registered.
	Members int `json:"members"`
	// Candidates are those of them that may be the home of a learner, 64 at most.
	Candidates int `json:"candidates"`
	// OtherProtocol are members that speak another version of the protocol between
	// sidecars, and so are no candidates.
	OtherProtocol int `json:"otherProtocol"`
	// Reached are other candidates whose last answer is not older than 5 minutes and
	// that have not failed since; Unreached those that failed within 5 minutes and
	// have not answered since. Those that were not tried are in neither.
	Reached   int `json:"reached"`
	Unreached int `json:"unreached"`
	// HandedOn counts updates that their home accepted. They are in the home's
	// updatesAccepted, and not in this sidecar's.
	HandedOn int64 `json:"handedOn"`
	// KeptLocally counts by reason the updates that did not get to their home and
	// that this sidecar accepted itself. Those with an event id are in updatesAccepted
	// once they are merged, by their home or by this sidecar after all.
	KeptLocally map[string]int64 `json:"keptLocally,omitempty"`
	// Strays are updates with event ids that wait for their home at this moment: they
	// are in pendingUpdates, and not in updatesAccepted yet.
	Strays int64 `json:"strays"`
	// Failure is why the sidecar is not peered. It is null while it is, and until it
	// first failed.
	Failure *PeersFailure `json:"failure,omitempty"`
}

// PeersFailure is why a sidecar is not peered.
type PeersFailure struct {
	// Reason is PeersNoPort, PeersPortTaken or PeersNoRegistry, or for one that is
	// registered why it last failed to reach a candidate.
	Reason string `json:"reason"`
	// Since when it is not peered, without a break.
	Since time.Time `json:"since"`
}

// Why a sidecar can't register.
const (
	// PeersNoPort: it was not told where to listen, as in a pod that uses the port
	// itself.
	PeersNoPort = "no_port"
	// PeersPortTaken: something else of the pod listens there.
	PeersPortTaken = "port_taken"
	// PeersNoRegistry: the registry in the database can't be read or written.
	PeersNoRegistry = "no_registry"
)

// Peered says whether the sidecar is registered, and reaches at least as many of the
// other candidates as it tries in vain. One that is alone is peered.
func (p Peers) Peered() bool {
	return p.Mode == config.PeersAuto && p.Members > 0 && p.Unreached <= p.Reached
}
