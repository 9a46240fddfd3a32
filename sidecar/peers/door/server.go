package door

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Home takes what others hand on; it is the buffer.
type Home interface {
	// PutFrom merges the updates, or the resets, of a sender's batch, and returns a
	// result for each when the disk has them. The number of the sender's last batch is
	// on the disk with them: a batch of that number is answered and not merged again,
	// and one of a lower number is wire.ErrSuperseded. Two calls of one sender may come
	// at the same time. Other errors are those of buffer.Buffer.Put.
	PutFrom(ctx context.Context, sender [16]byte, number uint64, updates []progress.Update, resets []progress.Key) ([]buffer.Result, error)
}

// Events takes the ids of events that others have merged. After an error, nothing may be
// known of a page, which is sent again.
type Events interface {
	Take(ctx context.Context, page *wire.Events) error
}

// Options are what a Server works with. All are required but Refused and Log.
type Options struct {
	Home   Home
	Events Events
	// API serves requests that are handed on, whose path is that of the API.
	API http.Handler
	// TLS asks for certificates and accepts those of members.
	TLS *tls.Config
	// Member reports whether a connection that TLS let in is a member's at this moment.
	// It must return at once.
	Member func(*tls.ConnectionState) bool
	// Connections is how many connections there may be at this moment. Each member needs
	// one; what is no member has one for five seconds at most, until TLS refuses it.
	Connections func() int
	// BytesInFlight is the most that the bodies of batches which are being answered
	// take together; a single one may be larger.
	BytesInFlight int64
	// Refused is told why something was refused, one of wire.Refusals; nil for nobody.
	Refused func(reason string)
	Log     slog.Handler
}

// Limits of a connection and a request. The longest answer is that of a forced sync,
// 30 s; a stream of events sets its deadlines itself.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 15 * time.Second
	writeTimeout   = 45 * time.Second
	idleTimeout    = 3 * time.Minute // longer than a link's, which then closes first
	maxHeaderBytes = 16 << 10
	// aliveAfter and aliveWithin are for a peer whose node is gone.
	aliveAfter, aliveWithin = 30 * time.Second, 15 * time.Second
)

// Server is the port.
type Server struct {
	o           Options
	http        *http.Server
	stopping    atomic.Bool
	inFlight    atomic.Int64 // bytes of bodies
	connections connections
}

// New makes a Server.
func New(o Options) *Server {
	s := &Server{o: o}
	s.connections = connections{limit: o.Connections, refused: s.count}
	if s.o.Log == nil {
		s.o.Log = slog.DiscardHandler
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	s.http = &http.Server{
		Handler:           s.routes(),
		TLSConfig:         s.connections.watch(o.TLS),
		Protocols:         &protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: wire.MaxStreams, SendPingTimeout: aliveAfter, PingTimeout: aliveWithin},
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         s.connections.changed,
		ErrorLog:          slog.NewLogLogger(s.o.Log, slog.LevelDebug),
	}
	return s
}

// Serve answers on a listener of TCP until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving other sidecars: %w", err)
	}
	return nil
}

// Stop refuses requests that come later, unread, while those under way go on. Peers
// then keep what they have for this sidecar's learners themselves, without a doubt;
// so some time should pass between Stop and Shutdown.
func (s *Server) Stop() { s.stopping.Store(true) }

// Shutdown stops, and returns when the requests under way are answered; when ctx
// ends, it cuts them off.
func (s *Server) Shutdown(ctx context.Context) {
	s.Stop()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // the time is up
	}
}

func (s *Server) count(reason string) {
	if s.o.Refused != nil {
		s.o.Refused(reason)
	}
}
