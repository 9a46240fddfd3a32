package run

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/ingest"
	"github.com/progress-sync/progress-sync/sidecar/peers"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// newPeers makes the sidecar's place among the others of its database.
func (s *sidecar) newPeers(c config.Config) (*peers.Peers, error) {
	writer, err := uuid.Parse(s.buffer.Writer())
	if err != nil {
		return nil, fmt.Errorf("reading the writer of the spool: %w", err)
	}
	p := peers.New(peers.Options{
		Buffer: s.buffer, Registry: s.db, Writer: writer, Address: s.options.PeersAddress, Target: s.target,
		Accepted: s.state.Accepted, Repeated: s.state.Repeated,
		BytesInFlight: ingest.BytesInFlight(s.memory), Log: s.log.WithName("peers"), Handler: s.logging.handler,
	}, c.Peers.Mode)
	s.state.Registerer().MustRegister(p.Metrics())
	return p, nil
}

// target names the table that the sidecar writes, and how. For a mapping that has no
// name, which configuration does not let pass, it is one that no other sidecar has.
func (s *sidecar) target() string {
	name, err := postgres.TargetOf(s.inUse().Database.Mapping)
	if err != nil {
		return s.buffer.Writer()
	}
	return name
}

// peered is the buffer as the API has it: updates and resets go to their learners'
// homes.
type peered struct {
	*buffer.Buffer
	peers *peers.Peers
}

// Put implements ingest.Buffer.
func (p peered) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	return p.peers.Put(ctx, updates)
}

// Reset implements ingest.Buffer.
func (p peered) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	return p.peers.Reset(ctx, keys)
}
