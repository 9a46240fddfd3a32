package state

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// PodHandler serves the port that the pod network sees: GET (and HEAD) of
// /healthz, /readyz, /metrics and /v1/status, and nothing else.
//
// /healthz fails only after an error of the disk that a restart may mend.
// /readyz fails while updates are not accepted. Neither asks the database.
func (s *State) PodHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.HandleFunc("GET /v1/status", s.serveStatus)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

func (s *State) serveHealth(w http.ResponseWriter, _ *http.Request) {
	v := s.view()
	if v.diskFailed {
		answer(w, http.StatusServiceUnavailable, v.refused())
		return
	}
	answer(w, http.StatusOK, "ok")
}

func (s *State) serveReady(w http.ResponseWriter, _ *http.Request) {
	if why := s.view().refused(); why != "" {
		answer(w, http.StatusServiceUnavailable, why)
		return
	}
	answer(w, http.StatusOK, "ok")
}

func (s *State) serveStatus(w http.ResponseWriter, _ *http.Request) {
	body, err := json.Marshal(s.Document())
	if err != nil {
		answer(w, http.StatusInternalServerError, "the status can't be written as JSON")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(body, '\n'))
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text)
}
