package peers

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

func TestMetricsTellWhatIsCounted(t *testing.T) {
	p := New(Options{}, config.PeersAuto)
	p.counts.HandedOn(3)
	p.counts.KeptLocally(route.ReasonInDoubt, 2)
	p.counts.handedOver(4)
	p.counts.handedOver(1)
	p.counts.refused(wire.RefusedTooLarge)
	p.counts.exchanged(hop.Exchange{Peer: "a", Took: 150 * time.Microsecond})
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(p.Metrics()); err != nil {
		t.Fatal(err)
	}
	want := `
# HELP progress_sync_peers_event_ids_handed_over_total Ids of events that this sidecar has merged and that other sidecars took when the homes of their learners changed.
# TYPE progress_sync_peers_event_ids_handed_over_total counter
progress_sync_peers_event_ids_handed_over_total 5
# HELP progress_sync_peers_handed_on_total Updates that another sidecar, their learners' home, accepted. They are counted as accepted there.
# TYPE progress_sync_peers_handed_on_total counter
progress_sync_peers_handed_on_total 3
# HELP progress_sync_peers_kept_locally_total Updates that did not get to their learners' home and that this sidecar accepted itself, by reason.
# TYPE progress_sync_peers_kept_locally_total counter
progress_sync_peers_kept_locally_total{reason="breaker"} 0
progress_sync_peers_kept_locally_total{reason="busy"} 0
progress_sync_peers_kept_locally_total{reason="connect"} 0
progress_sync_peers_kept_locally_total{reason="in_doubt"} 2
progress_sync_peers_kept_locally_total{reason="left"} 0
progress_sync_peers_kept_locally_total{reason="refused"} 0
progress_sync_peers_kept_locally_total{reason="unknown"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want),
		"progress_sync_peers_event_ids_handed_over_total", "progress_sync_peers_handed_on_total", "progress_sync_peers_kept_locally_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "progress_sync_peers_refused_total"); n != len(wire.Refusals()) || err != nil {
		t.Errorf("%d reasons of refusal, want %d; %v", n, len(wire.Refusals()), err)
	}
	if n, err := testutil.GatherAndCount(registry, "progress_sync_peers_hop_seconds"); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
