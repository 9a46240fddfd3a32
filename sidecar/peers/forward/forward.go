package forward

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// Options are how requests are handed on. What is zero is that of DefaultOptions.
type Options struct {
	// Read is how long a GET or HEAD waits for the first byte of the answer; Change a
	// DELETE; Sync a POST, which waits for the database.
	Read, Change, Sync time.Duration
	// Event is how long a client may take to read an event of a stream.
	Event time.Duration
	// MaxBody is the most bytes of a request's body.
	MaxBody int64
	Log     slog.Handler
}

// DefaultOptions let a page wait no longer than it may for the database, and a sync as
// long as the API lets it.
func DefaultOptions() Options {
	return Options{
		Read: 300 * time.Millisecond, Change: 2 * time.Second, Sync: 35 * time.Second,
		Event: 10 * time.Second, MaxBody: 64 << 10, Log: slog.DiscardHandler,
	}
}

// ErrNotAnswered says that the home has not begun to answer in time. What a request
// asks for may have been done.
var ErrNotAnswered = errors.New("the learner's home did not answer in time")

// Forwarder hands requests on.
type Forwarder struct{ o Options }

// New makes a Forwarder.
func New(o Options) *Forwarder {
	d := DefaultOptions()
	if o.Log == nil {
		o.Log = d.Log
	}
	for _, of := range []struct{ to, from *time.Duration }{
		{&o.Read, &d.Read}, {&o.Change, &d.Change}, {&o.Sync, &d.Sync}, {&o.Event, &d.Event},
	} {
		if *of.to == 0 {
			*of.to = *of.from
		}
	}
	if o.MaxBody == 0 {
		o.MaxBody = d.MaxBody
	}
	return &Forwarder{o}
}

// Forward hands r on to the peer at the other end of via, and answers w with what it
// answers. userHeader names the header that says for which learner a request speaks,
// "" for none. After an error nothing was written to w, and r can be answered here: it
// is that of via, or ErrNotAnswered.
func (f *Forwarder) Forward(w http.ResponseWriter, r *http.Request, via http.RoundTripper, userHeader string) error {
	if wire.IsHandedOn(r.Context()) {
		return errors.New("the request was handed on to this sidecar: it answers")
	}
	body, err := f.readBody(r)
	if err != nil {
		return err
	}
	ctx, cut := context.WithCancelCause(r.Context())
	defer cut(nil)
	late := time.AfterFunc(f.patience(r.Method), func() { cut(ErrNotAnswered) })
	defer late.Stop()
	var failed error
	proxy := httputil.ReverseProxy{
		Transport: via,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "https", "peer", ""
			p.Out.URL.Path = wire.APIPath + p.In.URL.Path
			if p.In.URL.RawPath != "" {
				p.Out.URL.RawPath = wire.APIPath + p.In.URL.RawPath
			}
			p.Out.Header = carried(p.In.Header, userHeader)
		},
		ModifyResponse: func(answer *http.Response) error {
			if !late.Stop() {
				return context.Cause(ctx) // what begins to come is about to be cut off
			}
			answer.Header.Del(wire.VersionHeader)
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
		ErrorLog:     slog.NewLogLogger(f.o.Log, slog.LevelDebug),
	}
	out := r.Clone(ctx)
	out.Body = body
	proxy.ServeHTTP(&patientWriter{ResponseWriter: w, patience: f.o.Event}, out)
	if failed != nil && errors.Is(context.Cause(ctx), ErrNotAnswered) {
		return fmt.Errorf("%w: %w", ErrNotAnswered, failed)
	}
	return failed
}

func (f *Forwarder) patience(method string) time.Duration {
	switch method {
	case http.MethodGet, http.MethodHead:
		return f.o.Read
	case http.MethodPost:
		return f.o.Sync
	default:
		return f.o.Change
	}
}

// readBody reads the body of r and puts it back, so that r can still be answered here.
func (f *Forwarder) readBody(r *http.Request) (io.ReadCloser, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return http.NoBody, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, f.o.MaxBody+1))
	rest := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), rest}
	if err != nil {
		return nil, fmt.Errorf("reading a request to hand it on: %w", err)
	}
	if int64(len(body)) > f.o.MaxBody {
		return nil, fmt.Errorf("the request is too large to be handed on: more than %d bytes", f.o.MaxBody)
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// carried are the headers that go along: what the API reads. Others may be secrets of
// the learner's session with the LMS.
func carried(in http.Header, userHeader string) http.Header {
	out := http.Header{}
	names := []string{"Accept", "Content-Type", "Content-Encoding", "Prefer", "Last-Event-Id"}
	if userHeader != "" {
		names = append(names, textproto.CanonicalMIMEHeaderKey(userHeader))
	}
	for _, name := range names {
		if values, given := in[name]; given {
			out[name] = values
		}
	}
	return out
}
