package ingest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

func TestThePanelAndTheDescriptionAreServedWhereTheyAreGiven(t *testing.T) {
	panel := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"panel":"`+r.URL.Path+`"}`)
	})
	with := New(Options{
		State: &fakeState{rejected: map[string]int{}}, Limits: LimitsOf(config.Default()),
		Panel: panel, OpenAPI: []byte(`{"openapi":"3.1.0"}`),
	})
	without := New(Options{State: &fakeState{rejected: map[string]int{}}, Limits: LimitsOf(config.Default())})
	for path, want := range map[string]struct {
		code int
		body map[string]any
	}{
		"/ui":           {http.StatusOK, map[string]any{"panel": "/ui"}},
		"/ui/":          {http.StatusOK, map[string]any{"panel": "/ui/"}},
		"/ui/data":      {http.StatusOK, map[string]any{"panel": "/ui/data"}},
		"/uix":          {http.StatusNotFound, nil},
		"/openapi.json": {http.StatusOK, map[string]any{"openapi": "3.1.0"}},
	} {
		t.Run(path, func(t *testing.T) {
			request := func() *http.Request {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Host = "127.0.0.1:8787"
				return r
			}
			expect(t, ask(t, with, request()), want.code, want.body)
			expect(t, ask(t, without, request()), http.StatusNotFound, nil)
			foreign := request()
			foreign.Host = "lms.example"
			expect(t, ask(t, with, foreign), http.StatusForbidden, nil)
		})
	}
}
