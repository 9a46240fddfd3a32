package world

import (
	"slices"

	"github.com/progress-sync/progress-sync/test/truth"
)

// Role is what a sidecar is for.
type Role struct {
	// Table that it writes to.
	Table string
	// Service names sidecars that are peers: an update that was sent to one of them may
	// be sent again to any. Empty for a sidecar by itself.
	Service string
	// otherVersion says that it speaks another version of the protocol.
	otherVersion bool
}

// Services of the table that sidecars make themselves. Those of one write the same
// rows as those of the other, and know nothing of their event ids.
const (
	ThisVersion  = "this version"
	OtherVersion = "another version"
)

// Sizes of the world.
const (
	peersOfThisVersion  = 4
	peersOfOtherVersion = 2
	byThemselves        = 2
)

func roles() []Role {
	return slices.Concat(
		slices.Repeat([]Role{{Table: truth.OwnTable, Service: ThisVersion}}, peersOfThisVersion),
		slices.Repeat([]Role{{Table: truth.OwnTable, Service: OtherVersion, otherVersion: true}}, peersOfOtherVersion),
		slices.Repeat([]Role{{Table: MappedTable}}, byThemselves),
	)
}

// Services are the sidecars of a table by those that learners may change between, each
// of those by themselves in one of its own.
func (w *World) Services(table string) (services [][]*Sidecar) {
	at := map[string]int{}
	for _, s := range w.Sidecars {
		i, known := at[s.Service]
		switch {
		case s.Table != table:
		case s.Service != "" && known:
			services[i] = append(services[i], s)
		default:
			at[s.Service] = len(services)
			services = append(services, []*Sidecar{s})
		}
	}
	return services
}

// Members are the sidecars of a service.
func (w *World) Members(service string) (members []*Sidecar) {
	for _, s := range w.Sidecars {
		if s.Service == service {
			members = append(members, s)
		}
	}
	return members
}
