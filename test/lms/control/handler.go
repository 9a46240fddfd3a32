package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/truth"
	"github.com/progress-sync/progress-sync/test/truth/collector"
)

// Handler leads the learners of class, whose requests end with ctx. account is
// nil where the account is kept outside the pod.
func Handler(ctx context.Context, class *classroom.Classroom, account *truth.Account) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { answer(w, class.Stats()) })
	mux.HandleFunc("GET /truth", func(w http.ResponseWriter, _ *http.Request) {
		if account == nil {
			http.Error(w, "the account is kept by the collector at TRUTH_URL, ask there", http.StatusNotFound)
			return
		}
		collector.Dump(w, account)
	})
	mux.HandleFunc("POST /learners", func(w http.ResponseWriter, r *http.Request) {
		var start Start
		if !decode(w, r, &start) {
			return
		}
		// A bad pace would make bad states, so it is looked at first.
		err := start.Pace.Validate()
		if err == nil {
			err = class.Start(ctx, start.Pace, start.states()...)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		answer(w, class.Stats())
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, r *http.Request) {
		var stop Stop
		if decode(w, r, &stop) {
			answer(w, Stopped{Learners: class.Stop(stop.Learners...)})
		}
	})
	return mux
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, fmt.Sprintf("reading the body: %v", err), http.StatusBadRequest)
		return false
	}
	return true
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // fails only when the caller has gone
}
