package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/fault/receiver"
	"github.com/progress-sync/progress-sync/test/fault/world"
	kitwait "github.com/progress-sync/progress-sync/test/kit/wait"
)

// pushed compares what the receiver of events has taken with the outbox, which was
// compared with the rows before.
type pushed struct {
	world *world.World
	conn  *pgx.Conn
	// outbox has the events of all tables, by their ids.
	outbox map[string]written
	// poison are the events that the receiver refuses.
	poison map[string]bool
}

// written is an event of the outbox.
type written struct {
	kind, learner string
	at            time.Time
	data          json.RawMessage
}

// pushFigures are what a run has sent so far.
type pushFigures struct{ events, again, deadLetters, told int }

// pushPatience is for the lanes of sidecars that were killed, and for what is refused.
const pushPatience = 2 * time.Minute

func newPushed(ctx context.Context, conn *pgx.Conn, w *world.World) (*pushed, error) {
	p := &pushed{world: w, conn: conn, outbox: map[string]written{}, poison: w.Receiver.Poison()}
	rows, err := conn.Query(ctx, "SELECT id::text, type, aggregateid, created_at, payload::text FROM progress_sync.outbox")
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	var id, data string
	var e written
	_, err = pgx.ForEachRow(rows, []any{&id, &e.kind, &e.learner, &e.at, &data}, func() error {
		e.data = json.RawMessage(data)
		p.outbox[id] = e
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return p, nil
}

// settled waits until the receiver has taken each event but those that it refuses, which
// are dead letters then, and says what is wrong at the end.
func (p *pushed) settled(ctx context.Context) error {
	return kitwait.Until(ctx, pushPatience, "each event was sent to the receiver, or is a dead letter", func(ctx context.Context) error {
		set, err := p.setAside(ctx)
		if err != nil {
			return err
		}
		return p.compare(p.world.Receiver.Events(), set, p.world.Losses())
	})
}

// compare is nil if what was received, and set aside, is all that is in the outbox and
// nothing else. Each event of the outbox was received as it is there, and differently only
// as often as the database has lost events that it had committed.
func (p *pushed) compare(received map[string]receiver.Event, aside map[string]bool, losses int) error {
	var missing, other, changed, unknown, blamed, lost int
	for id, e := range p.outbox {
		got := received[id]
		says := false
		for _, body := range got.Bodies {
			says = says || body.Says(e.kind, e.learner, e.at, e.data)
		}
		switch {
		case p.poison[id] && !aside[id]:
			lost++
		case !p.poison[id] && aside[id]:
			blamed++
		case !p.poison[id] && got.Taken == 0:
			missing++
		case !says:
			other++
		case len(got.Bodies) > 1+losses:
			changed++
		}
	}
	for id := range received {
		if _, known := p.outbox[id]; !known {
			unknown++
		}
	}
	if missing+other+changed+unknown+blamed+lost == 0 {
		return nil
	}
	return fmt.Errorf("of %d events %d were never taken by the receiver, %d not as they are in the outbox, %d with too many bodies, %d that it would have taken "+
		"are dead letters, and %d that it refuses are none; it was sent %d that are not in the outbox",
		len(p.outbox), missing, other, changed, blamed, lost, unknown)
}

// setAside are the ids of the dead letters.
func (p *pushed) setAside(ctx context.Context) (map[string]bool, error) {
	rows, err := p.conn.Query(ctx, "SELECT id::text FROM progress_sync.undelivered")
	if err != nil {
		return nil, fmt.Errorf("reading dead letters: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading dead letters: %w", err)
	}
	all := map[string]bool{}
	for _, id := range ids {
		all[id] = true
	}
	return all, nil
}

// redelivered has the dead letters sent again to a receiver that takes them.
func (p *pushed) redelivered(ctx context.Context) error {
	p.world.Receiver.Cure()
	asked := map[string]bool{}
	for _, s := range p.world.Sidecars {
		if asked[s.Table] {
			continue
		}
		if err := s.Redeliver(ctx); err != nil {
			return err
		}
		asked[s.Table] = true
	}
	return kitwait.Until(ctx, pushPatience, "dead letters were sent again", func(ctx context.Context) error {
		left, err := p.setAside(ctx)
		if err != nil {
			return err
		}
		taken := p.world.Receiver.Events()
		for id := range p.poison {
			if taken[id].Taken == 0 {
				return fmt.Errorf("%s was not taken, %d are dead letters", id, len(left))
			}
		}
		return kitwait.Unless(len(left) == 0, len(left))
	})
}

// figures of what was sent.
func (p *pushed) figures() pushFigures {
	f := pushFigures{deadLetters: len(p.poison)}
	for _, e := range p.world.Receiver.Events() {
		f.events++
		f.again += max(0, e.Taken-1)
		f.told += max(0, len(e.Bodies)-1)
	}
	return f
}
