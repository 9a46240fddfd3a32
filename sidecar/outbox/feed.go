package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

const namespace = "progress_sync"

// Database has the outbox; *postgres.Database is one.
type Database interface {
	ReadEvents(ctx context.Context, from postgres.EventPlace, limit, retention int) (postgres.EventPage, error)
	KeepEvents(ctx context.Context, retention int) (overdue int, err error)
}

// Page is a part of the feed.
type Page struct {
	// Batch is an array of CloudEvents.
	Batch []byte
	// Next is the cursor behind them.
	Next string
	// HeldBack is how long the oldest event has been waiting for a transaction that began
	// before it and is still under way; 0 for none.
	HeldBack time.Duration
}

// Feed gives out events.
type Feed struct {
	db        Database
	retention func() int
	given     prometheus.Counter
	heldBack  prometheus.Gauge
}

// NewFeed makes a Feed. The retention is in days.
func NewFeed(db Database, retention func() int) *Feed {
	return &Feed{
		db: db, retention: retention,
		given: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "events_given_total",
			Help: "Events that GET /v1/events has answered with; one that is asked for again counts again.",
		}),
		heldBack: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "events_held_back_seconds",
			Help: "How long the oldest event waited for an earlier transaction to end when GET /v1/events was last answered, 0 for none.",
		}),
	}
}

// Metrics are those of the feed.
func (f *Feed) Metrics() []prometheus.Collector { return []prometheus.Collector{f.given, f.heldBack} }

// Read returns up to limit events behind a cursor, or from the first that there is if it
// is empty. Fewer are all that there are now. It returns ErrCursor, or an error of
// postgres.ReadEvents.
func (f *Feed) Read(ctx context.Context, cursor string, limit int) (Page, error) {
	from, err := placeOf(cursor)
	if err != nil {
		return Page{}, err
	}
	rows, err := f.db.ReadEvents(ctx, from, limit, f.retention())
	if err != nil {
		return Page{}, err
	}
	source := SourceOf(rows.Database, rows.Target)
	events := make([]CloudEvent, 0, len(rows.Events))
	for _, e := range rows.Events {
		events = append(events, Of(source, e))
	}
	batch, err := json.Marshal(events)
	if err != nil {
		return Page{}, fmt.Errorf("writing events: %w", err)
	}
	f.given.Add(float64(len(events)))
	f.heldBack.Set(rows.HeldBack.Seconds())
	return Page{Batch: batch, Next: cursorOf(rows.Next), HeldBack: rows.HeldBack}, nil
}
