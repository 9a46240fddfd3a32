package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// maxSidecars have an address each in 127.1.0.0/16.
const maxSidecars = 1 << 16

// sidecars answers for all of them: sidecar n is at 127.1.x.y.
type sidecars struct {
	server *http.Server
	owners []owner
	// members are how many sidecars a policy has.
	members map[types.NamespacedName]int
	start   time.Time

	// busy sidecars count on with each answer; else nothing changes.
	busy atomic.Bool
	// silent is how many of a hundred take a connection and never answer.
	silent atomic.Int64
	// pending records that each of them reports.
	pending atomic.Int64
	asked   atomic.Int64
}

// owner is the policy of a sidecar.
type owner struct {
	policy    types.NamespacedName
	createdAt time.Time
}

func addressOf(n int) string { return fmt.Sprintf("127.1.%d.%d", n/256, n%256) }

func serveSidecars(owners []owner) (*sidecars, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("0.0.0.0", strconv.Itoa(injection.StatusPort)))
	if err != nil {
		return nil, fmt.Errorf("listening for the operator: %w", err)
	}
	s := &sidecars{owners: owners, members: map[types.NamespacedName]int{}, start: time.Now()}
	for _, o := range owners {
		s.members[o.policy]++
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

func (s *sidecars) close() { _ = s.server.Close() }

// isSilent says whether sidecar n does not answer.
func (s *sidecars) isSilent(n int) bool { return int64(n%100) < s.silent.Load() }

func (s *sidecars) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	ip := local.IP.To4()
	n := int(ip[2])*256 + int(ip[3])
	if n >= len(s.owners) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if s.isSilent(n) {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.document(n))
}

func (s *sidecars) document(n int) status.Document {
	count, moment := int64(1000), s.start
	if s.busy.Load() {
		count, moment = 1000+s.asked.Add(1), time.Now()
	}
	reachable := true
	return status.Document{
		Version: "bench", PolicyNamespace: s.owners[n].policy.Namespace, PolicyName: s.owners[n].policy.Name,
		PolicyGeneration: 1, PolicyCreatedAt: s.owners[n].createdAt, UnknownSettings: []string{},
		Accepting: true, StartedAt: s.start,
		Sync: status.Sync{
			State: status.StatePending, PendingRecords: s.pending.Load(), PendingUpdates: s.pending.Load(),
			OldestPendingSeconds: time.Since(moment).Seconds(), LastSyncedAt: &moment,
		},
		Counters: status.Counters{UpdatesAccepted: count * 40, RowsWritten: count, BatchesApplied: count / 10},
		Database: status.Database{Reachable: &reachable, Since: &s.start},
		Spool:    status.Spool{Bytes: count, LimitBytes: 1 << 30},
		Peers:    s.peers(n, count*40),
	}
}

// peers is a sidecar's place among those of its policy, which hand on to each other what
// reaches any of them.
func (s *sidecars) peers(n int, accepted int64) *status.Peers {
	all := s.members[s.owners[n].policy]
	candidates := min(all, members.MaxCandidates)
	return &status.Peers{
		Mode: config.PeersAuto, Members: all, Candidates: candidates, Reached: candidates - 1,
		HandedOn: accepted * int64(all-1) / int64(all), KeptLocally: map[string]int64{"connect": 1, "refused": 2},
	}
}
