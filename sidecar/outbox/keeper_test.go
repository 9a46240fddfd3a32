package outbox

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// fakeDatabase answers what it is told to.
type fakeDatabase struct {
	page postgres.EventPage
	err  error
	from postgres.EventPlace

	kept    []int // the retentions of calls
	overdue int
}

func (d *fakeDatabase) ReadEvents(_ context.Context, from postgres.EventPlace, _, _ int) (postgres.EventPage, error) {
	d.from = from
	return d.page, d.err
}

func (d *fakeDatabase) KeepEvents(_ context.Context, retention int) (int, error) {
	d.kept = append(d.kept, retention)
	return d.overdue, d.err
}

func TestTheOutboxIsKept(t *testing.T) {
	on := config.Events{Enabled: true, RetentionDays: 7}
	type look struct {
		after  time.Duration // the start
		events config.Events
		err    error
		late   int
	}
	for name, c := range map[string]struct {
		looks []look
		want  []int
	}{
		"not while there are no events":     {[]look{{events: config.Events{RetentionDays: 7}}}, nil},
		"at once when they are switched on": {[]look{{}, {after: time.Minute, events: on}}, []int{7}},
		"once an hour":                      {[]look{{events: on}, {after: 59 * time.Minute, events: on}, {after: time.Hour, events: on}}, []int{7, 7}},
		"at once with another retention":    {[]look{{events: on}, {after: time.Minute, events: config.Events{Enabled: true, RetentionDays: 2}}}, []int{7, 2}},
		"soon after it failed":              {[]look{{events: on, err: errors.New("x")}, {after: 4 * time.Minute, events: on}, {after: 5 * time.Minute, events: on}}, []int{7, 7}},
		"not again and again where the table can't have events": {
			[]look{{events: on, err: postgres.ErrEventsUnmarked}, {after: 30 * time.Minute, events: on}}, []int{7},
		},
		"soon while somebody reads old days": {[]look{{events: on, late: 1}, {after: 5 * time.Minute, events: on}}, []int{7, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			db := &fakeDatabase{}
			var now config.Events
			k := NewKeeper(db, func() config.Events { return now }, logr.Discard())
			for _, l := range c.looks {
				now, db.err, db.overdue = l.events, l.err, l.late
				k.turn(t.Context(), time.Unix(0, 0).Add(l.after))
			}
			if !slices.Equal(db.kept, c.want) {
				t.Errorf("it was kept with %v, want %v", db.kept, c.want)
			}
		})
	}
}
