package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"syscall"

	"github.com/progress-sync/progress-sync/test/browser/stack/gate"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// handler is the control API. Answers are JSON; what fails is a 500 with the
// reason.
func (s *stack) handler() http.Handler {
	mux := http.NewServeMux()
	do := func(pattern string, work func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			result, err := work(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(result) // the test may be gone
		})
	}
	do("GET /rows", func(r *http.Request) (any, error) { return s.rows(r.Context(), r.FormValue("userId")) })
	do("POST /sql", func(r *http.Request) (any, error) {
		sql, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("reading statements: %w", err)
		}
		return nil, s.exec(r.Context(), string(sql))
	})
	do("POST /query", func(r *http.Request) (any, error) {
		sql, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("reading a query: %w", err)
		}
		return s.query(r.Context(), string(sql))
	})
	do("POST /locks", func(r *http.Request) (any, error) {
		return nil, s.lock(r.Context(), r.URL.Query().Get("userId"))
	})
	do("GET /locks", func(r *http.Request) (any, error) { return s.waiting(r.Context()) })
	do("DELETE /locks", func(r *http.Request) (any, error) {
		return nil, s.unlock(r.Context(), r.URL.Query().Get("userId"))
	})
	do("POST /postgres/stop", func(*http.Request) (any, error) { return nil, s.postgres.Stop(pgtest.Fast) })
	do("POST /postgres/start", func(r *http.Request) (any, error) {
		return nil, s.postgres.StartAgain(context.WithoutCancel(r.Context()))
	})
	s.handlePairs(do)
	return mux
}

func (s *stack) handlePairs(do func(string, func(*http.Request) (any, error))) {
	of := func(work func(*pair, *http.Request) (any, error)) func(*http.Request) (any, error) {
		return func(r *http.Request) (any, error) {
			p := s.pairs[r.PathValue("pair")]
			if p == nil {
				return nil, fmt.Errorf("there is no pair %q", r.PathValue("pair"))
			}
			return work(p, r)
		}
	}
	do("POST /pairs/{pair}/kill", of(func(p *pair, _ *http.Request) (any, error) {
		p.sidecar.Kill()
		return nil, nil
	}))
	do("POST /pairs/{pair}/stop", of(func(p *pair, _ *http.Request) (any, error) { return nil, p.sidecar.Stop() }))
	do("POST /pairs/{pair}/start", of(func(p *pair, r *http.Request) (any, error) {
		return nil, p.sidecar.Start(context.WithoutCancel(r.Context()))
	}))
	do("POST /pairs/{pair}/freeze", of(func(p *pair, _ *http.Request) (any, error) { return nil, p.signal(syscall.SIGSTOP) }))
	do("POST /pairs/{pair}/thaw", of(func(p *pair, _ *http.Request) (any, error) { return nil, p.signal(syscall.SIGCONT) }))
	do("GET /pairs/{pair}/requests", of(func(p *pair, r *http.Request) (any, error) {
		return p.gate.Entries(r.FormValue("userId")), nil
	}))
	do("POST /pairs/{pair}/faults", of(func(p *pair, r *http.Request) (any, error) {
		var fault gate.Fault
		if err := json.NewDecoder(r.Body).Decode(&fault); err != nil {
			return nil, fmt.Errorf("reading a fault: %w", err)
		}
		return nil, p.gate.Set(fault)
	}))
	do("DELETE /pairs/{pair}/faults", of(func(p *pair, r *http.Request) (any, error) {
		p.gate.Lift(r.FormValue("userId"))
		return nil, nil
	}))
}
