package door

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

func (s *Server) routes() http.Handler {
	version := strconv.Itoa(wire.Version)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()[wire.VersionHeader] = []string{version}
		switch {
		case s.stopping.Load():
			s.refuse(w, wire.RefusedStopping, http.StatusServiceUnavailable)
		case !s.o.Member(r.TLS):
			// TLS asks for the key once, and a connection may last for days. It ends after
			// this answer, so that a member with another key by now comes back with that.
			w.Header().Set("Connection", "close")
			s.refuse(w, wire.RefusedUnregistered, http.StatusForbidden)
		case r.Header.Get(wire.VersionHeader) != version:
			s.refuse(w, wire.RefusedProtocol, http.StatusMisdirectedRequest)
		case r.Header.Get(wire.HopsHeader) != "1":
			s.refuse(w, wire.RefusedTwice, http.StatusLoopDetected)
		case r.ContentLength > wire.MaxBody:
			s.refuse(w, wire.RefusedTooLarge, http.StatusRequestEntityTooLarge)
		case r.Method == http.MethodGet && r.URL.Path == wire.HelloPath:
			w.Header()[wire.ReadsHeader] = []string{wire.ReadsHints, wire.ReadsSegments}
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodPost && r.URL.Path == wire.UpdatesPath:
			s.takeBatch(w, r)
		case r.Method == http.MethodPost && r.URL.Path == wire.EventsPath:
			s.takeEvents(w, r)
		case strings.HasPrefix(r.URL.Path, wire.APIPath+"/v1/"):
			s.answerAPI(w, r)
		default:
			s.refuse(w, wire.RefusedNotFound, http.StatusNotFound)
		}
	})
}

// refuse answers a request of which nothing is kept.
func (s *Server) refuse(w http.ResponseWriter, reason string, status int) {
	s.count(reason)
	w.Header().Set(wire.RefusedHeader, reason)
	w.WriteHeader(status)
}

// takeBatch serves POST /peer/v1/updates.
func (s *Server) takeBatch(w http.ResponseWriter, r *http.Request) {
	body, done := s.read(w, r, wire.MaxBody)
	defer done()
	if body == nil {
		return
	}
	batch, err := wire.Decode(body)
	if err != nil {
		s.refuse(w, wire.RefusedMalformed, http.StatusBadRequest)
		return
	}
	results, err := s.o.Home.PutFrom(r.Context(), batch.Sender, batch.Number, batch.Updates, batch.Resets)
	var answer []byte
	if err != nil {
		answer = wire.AppendError(nil, err)
	} else {
		if !slices.Contains(r.Header.Values(wire.ReadsHeader), wire.ReadsSegments) {
			results = wire.WithoutSegments(results)
		}
		const usual = 160 // bytes of a result
		answer = wire.AppendResults(make([]byte, 0, usual*len(results)+16), results)
	}
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(answer))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(answer)
}

// takeEvents serves POST /peer/v1/events.
func (s *Server) takeEvents(w http.ResponseWriter, r *http.Request) {
	body, done := s.read(w, r, wire.MaxEventsBody)
	defer done()
	if body == nil {
		return
	}
	page, err := wire.DecodeEvents(body)
	if err != nil {
		s.refuse(w, wire.RefusedMalformed, http.StatusBadRequest)
		return
	}
	if s.o.Events.Take(r.Context(), &page) != nil {
		w.WriteHeader(http.StatusServiceUnavailable) // the sender tries again
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// read returns the body of a request, nil if the request was refused. done gives back
// the room that the body takes.
func (s *Server) read(w http.ResponseWriter, r *http.Request, most int) (body []byte, done func()) {
	size := r.ContentLength
	switch {
	case size < 0: // it does not say
		s.refuse(w, wire.RefusedTooLarge, http.StatusLengthRequired)
		return nil, func() {}
	case size > int64(most):
		s.refuse(w, wire.RefusedTooLarge, http.StatusRequestEntityTooLarge)
		return nil, func() {}
	}
	done = func() { s.inFlight.Add(-size) }
	if sum := s.inFlight.Add(size); sum > s.o.BytesInFlight && sum > size {
		s.refuse(w, wire.RefusedOverloaded, http.StatusServiceUnavailable)
		return nil, done
	}
	body = make([]byte, size)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		s.refuse(w, wire.RefusedMalformed, http.StatusBadRequest) // if the sender is still there
		return nil, done
	}
	return body, done
}

// answerAPI serves what is below /peer/v1/api/v1/: the API, and not the pages for
// people beside it.
func (s *Server) answerAPI(w http.ResponseWriter, r *http.Request) {
	inner := r.WithContext(wire.WithHandedOn(r.Context()))
	u := *r.URL
	u.Path, u.RawPath = strings.TrimPrefix(u.Path, wire.APIPath), strings.TrimPrefix(u.RawPath, wire.APIPath)
	inner.URL, inner.RequestURI = &u, u.RequestURI()
	// The API answers only to names of this machine, so that no web page reaches it; a
	// member's certificate says more.
	inner.Host = "localhost"
	s.o.API.ServeHTTP(w, inner)
}
