package sse

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"
)

const (
	// Interval is the shortest time between two states.
	Interval = 250 * time.Millisecond
	// Heartbeat is the time between two comments, which keep proxies from
	// closing the connection.
	Heartbeat = 15 * time.Second
	// reconnect is how long a browser waits before it comes again.
	reconnect = 3 * time.Second
	// patience is how long a client may take to read what is written.
	patience = 10 * time.Second
)

// Source is what a stream tells of.
type Source struct {
	// Append adds the present state, JSON in one line, to b.
	Append func(b []byte) []byte
	// Changed returns a channel that is closed at the next change.
	Changed func() <-chan struct{}
}

// Serve answers r with the states of a source until the client is gone or does
// not read, or end is closed. It returns an error, and has not answered, if
// nothing can be streamed through w.
func Serve(w http.ResponseWriter, r *http.Request, source Source, end <-chan struct{}) error {
	s := &stream{w: w, control: http.NewResponseController(w), known: r.Header.Get("Last-Event-ID")}
	if err := s.extend(); err != nil {
		return fmt.Errorf("setting the deadline of a stream: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	s.run(r, source, end)
	return nil
}

// stream is one client.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	known   string // id of the state that the client has
	out     []byte
	state   []byte
}

func (s *stream) run(r *http.Request, source Source, end <-chan struct{}) {
	beat := time.NewTicker(Heartbeat)
	defer beat.Stop()
	s.out = fmt.Appendf(s.out, "retry: %d\n\n", reconnect.Milliseconds())
	for {
		changed := source.Changed() // before the state, so that nothing is missed
		s.tell(source)
		if s.write() != nil {
			return
		}
		pause := time.After(Interval)
		select {
		case <-changed:
		case <-beat.C:
			// The state is compared again, since it depends on the time, too.
			s.out = append(s.out, ": heartbeat\n\n"...)
		case <-r.Context().Done():
			return
		case <-end:
			_ = s.extend() // for the end of the answer
			return
		}
		select {
		case <-pause:
		case <-r.Context().Done():
		case <-end:
		}
	}
}

// tell adds the state to what is written, unless the client has it.
func (s *stream) tell(source Source) {
	s.state = source.Append(s.state[:0])
	hash := fnv.New64a()
	_, _ = hash.Write(s.state)
	id := strconv.FormatUint(hash.Sum64(), 36)
	if id == s.known {
		return
	}
	s.known = id
	s.out = fmt.Appendf(s.out, "event: state\nid: %s\ndata: %s\n\n", id, s.state)
}

func (s *stream) write() error {
	if len(s.out) == 0 {
		return nil
	}
	if err := s.extend(); err != nil {
		return err
	}
	if _, err := s.w.Write(s.out); err != nil {
		return err
	}
	s.out = s.out[:0]
	return s.control.Flush()
}

// extend gives the client its time anew; the server's own deadline is for
// answers that end.
func (s *stream) extend() error { return s.control.SetWriteDeadline(time.Now().Add(patience)) }
