package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

const (
	// keepEvery is how often a sidecar looks after the outbox, and keepAgain how long
	// after it failed.
	keepEvery = time.Hour
	keepAgain = 5 * time.Minute
	// lookEvery is how soon a change of the configuration shows.
	lookEvery = 10 * time.Second
)

// Keeper looks after the outbox while there are events. Any sidecar may, and only one
// does at a time.
type Keeper struct {
	db      Database
	events  func() config.Events
	log     logr.Logger
	overdue prometheus.Gauge

	next time.Time
	last config.Events
}

// NewKeeper makes a Keeper that follows the configuration in use.
func NewKeeper(db Database, events func() config.Events, log logr.Logger) *Keeper {
	return &Keeper{
		db: db, events: events, log: log,
		overdue: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "events_overdue_days",
			Help: "Days of events that are older than the retention and were left when this sidecar last looked, since somebody reads them.",
		}),
	}
}

// Metrics are those of the keeper.
func (k *Keeper) Metrics() []prometheus.Collector { return []prometheus.Collector{k.overdue} }

// Run keeps the outbox until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		k.turn(ctx, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// turn keeps the outbox if it is time to.
func (k *Keeper) turn(ctx context.Context, now time.Time) {
	events := k.events()
	if !events.Enabled || events == k.last && now.Before(k.next) {
		return
	}
	k.last, k.next = events, now.Add(keepEvery)
	overdue, err := k.db.KeepEvents(ctx, events.RetentionDays)
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, postgres.ErrEventsOff): // the configuration has just changed
		k.last = config.Events{}
	case errors.Is(err, postgres.ErrEventsUnmarked):
		k.log.Info("The policy asks for events, and rows of the mapped table have none: name a column in database.mapping.eventMark")
	case err != nil:
		k.next = now.Add(keepAgain)
		k.log.Info("Partitions for events can't be kept; events are written all the same, and old ones stay until it succeeds", "why", err.Error())
	default:
		k.overdue.Set(float64(overdue))
		if overdue > 0 {
			k.next = now.Add(keepAgain)
		}
	}
}
