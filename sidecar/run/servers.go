package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/front"
)

// Limits of a connection. A client that sends slower than this is cut off. The
// longest answer is that of a forced sync, 30 s.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 15 * time.Second
	writeTimeout   = 45 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
)

// server is one listening port.
type server struct {
	http     *front.Server
	listener net.Listener
}

// listen opens a port. A POST of one of plain has a body with updates.
func listen(
	what, address string, connections int64, handler http.Handler, log slog.Handler, refuser front.Refuser, plain ...string,
) (*server, error) {
	var l net.ListenConfig
	listener, err := l.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for %s: %w", what, err)
	}
	h := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log, slog.LevelDebug),
	}
	return &server{
		http:     front.New(h, refuser, plain...),
		listener: &limitedListener{Listener: listener, limit: connections},
	}, nil
}

// serve runs until shutdown.
func (s *server) serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", s.listener.Addr(), err)
	}
	return nil
}

// shutdown takes no new requests and waits for those under way until ctx ends.
func (s *server) shutdown(ctx context.Context) {
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // the time is up; nobody is left to answer
	}
}

// profiles serves pprof. Nothing else may, so it has a mux of its own.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
