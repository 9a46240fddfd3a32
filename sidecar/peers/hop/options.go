package hop

import (
	"crypto/tls"
	"time"
)

// Peer is a sidecar to hand on to.
type Peer struct {
	// ID stays the same over restarts of the peer: its writer.
	ID string
	// Address is its host and port.
	Address string
	// Key is the fingerprint of its public key.
	Key string
}

// Options are how links work. TLS is required.
type Options struct {
	// TLS is the configuration for a connection to a peer, which must prove the peer's
	// key. It is asked for each connection, and is not changed.
	TLS func(Peer) *tls.Config
	// Observe is told of every batch that ended, from several goroutines; nil for
	// nobody.
	Observe func(Exchange)
	// Missed is told, and must return at once, when a whole request or the probe of an
	// open breaker did not reach a peer, or was refused; nil for nobody. Batches after that
	// find the breaker open, so that no Exchange tells of it.
	Missed func()
	Times  Times
}

// Times are limits and pauses of links; DefaultTimes has those of a sidecar.
type Times struct {
	// Connect is the most that dialing, TLS and the hello take together.
	Connect time.Duration
	// Answer is how long a batch that was sent is repeated until it is in doubt.
	Answer time.Duration
	// RepeatFirst is the pause before the first repeat, doubled for each further one
	// up to RepeatMost.
	RepeatFirst, RepeatMost time.Duration
	// OpenFirst is how long the breaker stays open after a failure, doubled for each
	// further one up to OpenMost.
	OpenFirst, OpenMost time.Duration
	// Ping is how long the answer to a batch may take before the connection is asked
	// for a sign of life, again and again, and Pong how long that may take; then the
	// connection is closed, and the batch goes out on another one.
	Ping, Pong time.Duration
	// QuietPing and QuietPong are the same for a connection on which nothing comes.
	// Pings of connections that nobody uses are most of what large fleets pay.
	QuietPing, QuietPong time.Duration
	// Idle is how long a connection stays open without a request.
	Idle time.Duration
	// Leave is how long requests may go on whose peer is no member any more.
	Leave time.Duration
}

// DefaultTimes find a silent network in a second, so that a batch is repeated on
// another connection before it is in doubt.
func DefaultTimes() Times {
	return Times{
		Connect:     time.Second,
		Answer:      2 * time.Second,
		RepeatFirst: 50 * time.Millisecond, RepeatMost: 400 * time.Millisecond,
		OpenFirst: time.Second, OpenMost: 30 * time.Second,
		Ping: 500 * time.Millisecond, Pong: 500 * time.Millisecond,
		QuietPing: 10 * time.Second, QuietPong: 5 * time.Second,
		Idle:  2 * time.Minute,
		Leave: 5 * time.Second,
	}
}

// Exchange is what became of one batch.
type Exchange struct {
	Peer            string // its ID
	Items, Attempts int
	Took            time.Duration
	Err             error // nil, ErrUnreachable, ErrInDoubt or buffer.ErrNoSpace
}
