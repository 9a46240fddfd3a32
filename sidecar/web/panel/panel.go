package panel

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// Path is where a Handler expects to be.
const Path = "/ui"

// State is what the panel shows; *state.State is one.
type State interface {
	Document() status.Document
	SyncState() state.SyncState
	RecentBatches() []state.BatchReport
	SaveLag() state.SaveLag
	History() []state.Sample
}

// Options of a Handler. All are required.
type Options struct {
	State State
	// Config returns the configuration in use.
	Config func() config.Config
}

// Handler serves Path and what is below. Who may reach it, and from which
// pages, is for the handler around it to decide.
type Handler struct {
	o      Options
	assets func() map[string]asset
}

// New makes a Handler.
func New(o Options) *Handler { return &Handler{o: o, assets: sync.OnceValue(readAssets)} }

// policy lets the page load its own files, call its own origin, and nothing
// else; nor may another page frame it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	name, below := strings.CutPrefix(r.URL.Path, Path+"/")
	file, found := h.assets()[name]
	switch {
	case r.URL.Path != Path && name != "data" && !found || !below && r.URL.Path != Path:
		refuse(w, http.StatusNotFound, "not-found", "Not found", "the panel is at "+Path+"/")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "method", "Method not allowed", "allowed here: GET, HEAD")
	case !below:
		header.Set("Cache-Control", "no-store")
		http.Redirect(w, r, Path+"/", http.StatusPermanentRedirect)
	case found:
		file.serve(w, r)
	default:
		h.serveData(w)
	}
}

// document is what the page draws.
type document struct {
	Now       time.Time           `json:"now"`
	Status    status.Document     `json:"status"`
	LagBounds []float64           `json:"lagBounds"`
	Sync      state.SyncState     `json:"sync"`
	SaveLag   state.SaveLag       `json:"saveLag"`
	Batches   []state.BatchReport `json:"batches"`
	History   []state.Sample      `json:"history"`
	Config    config.Config       `json:"config"`
}

func (h *Handler) serveData(w http.ResponseWriter) {
	body, err := json.Marshal(document{
		Now: time.Now().UTC(), Status: h.o.State.Document(), LagBounds: status.LagBounds(), Sync: h.o.State.SyncState(),
		SaveLag: h.o.State.SaveLag(), Batches: h.o.State.RecentBatches(), History: h.o.State.History(), Config: h.o.Config(),
	})
	if err != nil {
		refuse(w, http.StatusInternalServerError, "internal", "Internal error", "the state can't be written as JSON")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(body, '\n'))
}

// refuse answers with a problem (RFC 9457), as the local API does.
func refuse(w http.ResponseWriter, code int, kind, title, detail string) {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"urn:progress-sync:problem:" + kind, title, code, detail})
	if err != nil {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}
