package collector

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/progress-sync/progress-sync/test/truth"
)

// Handler keeps an account over HTTP: POST takes entries as a stream of JSON
// objects and answers 204 when all are recorded; GET gives the whole account
// the same way.
func Handler(account *truth.Account) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		decoder := json.NewDecoder(r.Body)
		for {
			var entry truth.Entry
			err := decoder.Decode(&entry)
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = account.Record(entry)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		Dump(w, account)
	})
	return mux
}

// Dump answers a request with the whole account, one entry a line.
func Dump(w http.ResponseWriter, account *truth.Account) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	for _, entry := range account.Entries() {
		if encoder.Encode(entry) != nil {
			return // the reader has gone
		}
	}
}
