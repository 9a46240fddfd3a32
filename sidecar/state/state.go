package state

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// Buffer is what state asks of the buffer; *buffer.Buffer is one.
type Buffer interface {
	Stats() buffer.Stats
	Classes() []buffer.ClassStats
	// Failed is closed after an error of the disk that is final.
	Failed() <-chan struct{}
	PendingErasures() []buffer.Erasure
	// Writer is the spool's writer id.
	Writer() string
}

// Options of a State.
type Options struct {
	Version string
	// Now defaults to time.Now.
	Now func() time.Time
}

// State is what is known of the running sidecar. Its methods may be called
// concurrently.
type State struct {
	version string
	now     func() time.Time
	started time.Time
	metrics *metrics
	changes broadcast
	recent  recent
	samples samples
	lags    lags

	accepted atomic.Int64
	rejected atomic.Int64
	rows     atomic.Int64
	applied  atomic.Int64
	replayed atomic.Int64
	retries  atomic.Int64
	records  atomic.Int64 // that were saved
	// attempts to write, and those of them that failed.
	attempts, failedAttempts atomic.Int64
	streams                  atomic.Int64 // open ones
	lastSaved                atomic.Int64 // microseconds since the epoch, 0 for never
	local                    atomic.Bool  // the database is reached through the pod's loopback

	breakdown breakdown

	mu          sync.Mutex
	buffer      Buffer
	writer      string
	connections func() int
	peers       func() status.Peers
	adaptive    func() *status.Adaptive
	webhook     func() *status.Sending
	xapi        func() *status.Sending
	config      *config.Choice
	refusal     string
	condition   flush.Condition
	missing     *missing
	// quarantinedSince is when this process first saw a record in quarantine; zero
	// while there is none.
	quarantinedSince time.Time
	// refusedErasures are those that the database refused when they were last
	// tried, erasureFailure is why.
	refusedErasures int
	erasureFailure  *postgres.Failure
}

// missing notes batches that the database lost and the spool no longer had.
type missing struct {
	batches uint64
	since   time.Time
}

// New makes the state of a sidecar that has just started and accepts nothing
// until Attach.
func New(o Options) *State {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &State{version: o.Version, now: o.Now, started: o.Now(), config: new(config.Choice)}
	s.breakdown.follow(config.Config{})
	s.metrics = newMetrics(s)
	s.sample()
	return s
}

// Attach gives the state the opened buffer and a function that returns the
// number of open database connections. From then on the sidecar counts as
// accepting updates.
func (s *State) Attach(b Buffer, connections func() int) {
	s.mu.Lock()
	s.buffer, s.writer, s.connections = b, b.Writer(), connections
	s.mu.Unlock()
	s.RecordsChanged()
}

// AttachPeers gives the state what there is to tell of the other sidecars.
func (s *State) AttachPeers(peers func() status.Peers) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers = peers
}

// AttachAdaptive gives the state what there is to tell of adaptive intervals: nil while
// the configuration in use has none.
func (s *State) AttachAdaptive(adaptive func() *status.Adaptive) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adaptive = adaptive
}

// AttachSending gives the state what there is to tell of sending events: nil while the
// configuration in use has no such receiver.
func (s *State) AttachSending(webhook, xapi func() *status.Sending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook, s.xapi = webhook, xapi
}

// Accepted counts updates that are on disk and acknowledged, and how many of
// them were merged into a record that was there already.
func (s *State) Accepted(n, merged int) {
	s.accepted.Add(int64(n))
	s.metrics.accepted.Add(float64(n))
	s.metrics.merged.Add(float64(merged))
	s.changes.notify()
}

// Repeated counts updates that were acknowledged and not merged again, since
// one with the same event id was before.
func (s *State) Repeated(n int) { s.metrics.duplicates.Add(float64(n)) }

// Received counts the bytes of a body as it was sent and as it is unpacked.
func (s *State) Received(c coding.Coding, sent, unpacked int) {
	s.metrics.bodies[c].sent.Add(float64(sent))
	s.metrics.bodies[c].unpacked.Add(float64(unpacked))
}

// Standard counts accepted events in the form of a standard.
func (s *State) Standard(standard config.Standard, outcome standards.Outcome, events int) {
	s.metrics.events.WithLabelValues(string(standard), string(outcome)).Add(float64(events))
}

// Rejected counts updates that were refused. reason is one of a few fixed
// words, such as "invalid" or "full"; it becomes a label.
func (s *State) Rejected(reason string, n int) {
	s.rejected.Add(int64(n))
	s.metrics.rejected.WithLabelValues(reason).Add(float64(n))
}

// RecordsChanged tells that records of the spool were removed or replayed, such
// as by an erasure or by a call on dead letters. It wakes those who wait for a
// change.
func (s *State) RecordsChanged() {
	records := s.view().stats.DeadLetters
	s.mu.Lock()
	switch {
	case records == 0:
		s.quarantinedSince = time.Time{}
	case s.quarantinedSince.IsZero():
		s.quarantinedSince = s.now()
	}
	s.mu.Unlock()
	s.changes.notify()
}

// Streaming counts a stream of events that begins, with 1, or ends, with -1.
func (s *State) Streaming(delta int) { s.streams.Add(int64(delta)) }

// JournalSynced notes how long one sync of the buffer's journal took.
func (s *State) JournalSynced(d time.Duration) { s.metrics.journalSync.Observe(d.Seconds()) }

// SetConfig notes the configuration in use.
func (s *State) SetConfig(c config.Choice) {
	s.breakdown.follow(c.Config)
	s.mu.Lock()
	s.config = &c
	s.mu.Unlock()
	s.changes.notify()
}

// SetLocal notes whether the database is reached through the pod's loopback.
func (s *State) SetLocal(local bool) { s.local.Store(local) }

// SetRefusal says why new updates are refused, such as during a shutdown; the
// empty string says that they are accepted again.
func (s *State) SetRefusal(reason string) {
	s.mu.Lock()
	s.refusal = reason
	s.mu.Unlock()
	s.changes.notify()
}

// Changed is closed at the next change of what Document and SyncState tell,
// the passing of time aside.
func (s *State) Changed() <-chan struct{} { return s.changes.next() }

// view is a consistent copy of what the methods that publish need.
type view struct {
	stats            buffer.Stats
	writer           string
	attached         bool
	diskFailed       bool
	connections      func() int
	config           *config.Choice
	refusal          string
	condition        flush.Condition
	missing          *missing
	quarantinedSince time.Time

	refusedErasures int
	erasureFailure  *postgres.Failure
}

func (s *State) view() view {
	s.mu.Lock()
	v := view{
		attached: s.buffer != nil, writer: s.writer, connections: s.connections, config: s.config,
		refusal: s.refusal, condition: s.condition, missing: s.missing, quarantinedSince: s.quarantinedSince,
		refusedErasures: s.refusedErasures, erasureFailure: s.erasureFailure,
	}
	b := s.buffer
	s.mu.Unlock()
	if b == nil {
		return v
	}
	v.stats = b.Stats()
	select {
	case <-b.Failed():
		v.diskFailed = true
	default:
	}
	return v
}

// refused says why updates are not accepted, or nothing when they are.
func (v view) refused() string {
	switch {
	case v.diskFailed:
		return "The spool's disk failed; the sidecar has to restart before it can keep updates again."
	case !v.attached:
		return "The sidecar is starting."
	case v.stats.Refusing:
		return "The spool volume is nearly full. Updates are accepted again when what it holds is written; " +
			"raise buffer.sizeLimit if that happens often."
	default:
		return v.refusal
	}
}
