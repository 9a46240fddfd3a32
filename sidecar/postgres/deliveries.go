package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// deliveryStatements are those of sending events.
type deliveryStatements struct {
	create, look, read, move, setAside, keep, release, stop, again, tried, list, redeliver string
}

func loadDeliveries() deliveryStatements {
	return deliveryStatements{
		create:   load("deliveries_make.sql"),
		look:     loadWithLife("deliveries_look.sql"),
		read:     loadWithLife("deliveries_read.sql"),
		move:     loadWithLife("deliveries_move.sql"),
		setAside: loadWithLife("deliveries_set_aside.sql"),
		keep:     loadWithLife("deliveries_keep.sql"),
		release:  load("deliveries_release.sql"),
		stop:     load("deliveries_stop.sql"),
		again:    load("undelivered_again.sql"),
		tried:    load("undelivered_tried.sql"),
		list:     load("undelivered_list.sql"), redeliver: load("undelivered_redeliver.sql"),
	}
}

// eventsAhead is how many events of all lanes a read looks at.
const eventsAhead = 500

// Deliveries returns how a process that has the given token sends events of the table in
// use to one receiver, with lanes that are leased for so long. An error of its methods
// says nothing of whether batches can be written.
func (d *Database) Deliveries(receiver delivery.Receiver, owner uuid.UUID, lease time.Duration) *Deliveries {
	return &Deliveries{database: d, receiver: receiver, owner: owner.String(), lease: lease.Milliseconds()}
}

// Deliveries is the way of one process to one receiver's lanes.
type Deliveries struct {
	database *Database
	receiver delivery.Receiver
	owner    string
	lease    int64
	// life of the server that lanes were taken in. Look sets it the first time.
	life string
}

// Look says how the lanes stand, and with take takes those that are free. It comes before
// all others, and is for one goroutine. It returns delivery.ErrOtherServer when the server is
// not the one of the first time any more: the positions of that one mean nothing there, so
// that nothing is read or moved.
func (v *Deliveries) Look(ctx context.Context, take bool) (delivery.View, error) {
	var view delivery.View
	err := v.do(ctx, "taking lanes of events", func(q outboxQuery) error {
		for range 2 { // the second time they are there
			lanes, life := 0, ""
			view = delivery.View{Target: q.target}
			err := q.run(q.sql.look, func(rows pgx.Rows) (err error) {
				lanes, life, err = scanView(rows, &view)
				return err
			}, v.receiver.Name, v.owner, take, v.lease, v.receiver.Terms, q.target, v.receiver.Types, v.life)
			switch {
			case err != nil:
				return err
			case v.life != "" && life != "" && life != v.life:
				return delivery.ErrOtherServer
			case lanes == delivery.Lanes:
				if v.life == "" {
					v.life = life
				}
				return nil
			}
			if err := q.run(q.sql.create, nothing, v.receiver.Name, int32(delivery.Lanes)); err != nil {
				return err
			}
		}
		return nil
	})
	return view, err
}

func scanView(rows pgx.Rows, view *delivery.View) (lanes int, life string, err error) {
	var lane int16
	var taken, held, stopped bool
	var xid pgtype.Text
	var seq, refusals pgtype.Int4
	var id, refused pgtype.UUID
	var oldest pgtype.Float8
	_, err = pgx.ForEachRow(rows, []any{&lane, &taken, &xid, &seq, &id, &refused, &refusals, &held, &stopped, &oldest, &view.SetAside, &view.Database, &life}, func() error {
		lanes++
		if !held {
			view.Standing++
		}
		view.Stopped = view.Stopped || stopped
		if oldest.Valid {
			view.Oldest = max(view.Oldest, time.Duration(oldest.Float64*float64(time.Second)))
		}
		if !taken {
			return nil
		}
		at, err := positionOf(xid.String, seq.Int32, id.Bytes)
		view.Taken = append(view.Taken, delivery.Lane{Number: int(lane), Cursor: at, Refused: refused.Bytes, Refusals: int(refusals.Int32)})
		return err
	})
	return lanes, life, err
}

func positionOf(xid string, seq int32, id uuid.UUID) (delivery.Position, error) {
	transaction, err := strconv.ParseUint(xid, 10, 64)
	return delivery.Position{Transaction: transaction, Number: seq, ID: id}, err
}

// Read returns at most so many events of a lane that come after a position.
func (v *Deliveries) Read(ctx context.Context, lane int, after delivery.Position, most int) (delivery.Page, error) {
	page := delivery.Page{Reached: after}
	err := v.do(ctx, "reading events", func(q outboxQuery) error {
		return q.run(q.sql.read, func(rows pgx.Rows) error { return scanPage(rows, &page, most) },
			strconv.FormatUint(after.Transaction, 10), after.Number, after.ID.String(), q.target, v.receiver.Types, int32(lane),
			int32(eventsAhead), int32(most), v.life)
	})
	return page, err
}

func scanPage(rows pgx.Rows, page *delivery.Page, most int) error {
	var event bool
	var xid string
	var seq int32
	var id pgtype.UUID
	var kind, learner pgtype.Text
	var at pgtype.Timestamptz
	var payload []byte
	var lookedAt int64
	_, err := pgx.ForEachRow(rows, []any{&event, &xid, &seq, &id, &kind, &learner, &at, &payload, &lookedAt}, func() error {
		here, err := positionOf(xid, seq, id.Bytes)
		if err != nil {
			return err
		}
		if event {
			page.Events = append(page.Events, delivery.Event{Position: here, Type: kind.String, Learner: learner.String, At: at.Time, Data: payload})
			payload = nil
			return nil
		}
		page.Reached, page.More = here, lookedAt == eventsAhead
		return nil
	})
	if n := len(page.Events); n == most {
		page.Reached, page.More = page.Events[n-1].Position, true
	}
	return err
}

// Move says that a lane's events up to a position are dealt with. It returns false if
// the lane is another process' by now.
func (v *Deliveries) Move(ctx context.Context, lane int, to delivery.Position) (bool, error) {
	return v.ofLane(ctx, "moving a lane of events", v.database.sql.deliveries.move, lane,
		strconv.FormatUint(to.Transaction, 10), to.Number, to.ID.String())
}

// SetAside keeps an event as a dead letter and moves its lane behind it, as Move.
func (v *Deliveries) SetAside(ctx context.Context, lane int, a delivery.SetAside) (bool, error) {
	e := a.Event
	return v.ofLane(ctx, "setting an event aside", v.database.sql.deliveries.setAside, lane,
		strconv.FormatUint(e.Transaction, 10), e.Number, e.ID.String(), e.Type, e.At, a.Reason, int32(a.Status), int32(a.Attempts))
}

// Keep keeps a lane for longer. It returns false if it is another process' by now.
func (v *Deliveries) Keep(ctx context.Context, lane int) (bool, error) {
	return v.ofLane(ctx, "keeping a lane of events", v.database.sql.deliveries.keep, lane, nil, int32(0))
}

// Refuse notes how often an event was refused while others were taken, as Keep.
func (v *Deliveries) Refuse(ctx context.Context, lane int, event uuid.UUID, times int) (bool, error) {
	return v.ofLane(ctx, "noting an event that was refused", v.database.sql.deliveries.keep, lane, event.String(), int32(times))
}

// Release gives all lanes of the process back.
func (v *Deliveries) Release(ctx context.Context) error {
	return v.do(ctx, "giving lanes of events back", func(q outboxQuery) error {
		return q.run(q.sql.release, nothing, v.receiver.Name, v.owner)
	})
}

// Stop says that the receiver wants nothing more on its terms, if the process still has a
// lane.
func (v *Deliveries) Stop(ctx context.Context) error {
	return v.do(ctx, "stopping to send events", func(q outboxQuery) error {
		return q.run(q.sql.stop, nothing, v.receiver.Name, v.owner, v.receiver.Terms)
	})
}

// Again returns some dead letters of a lane that somebody wants to be sent once more. Data
// is nil for those that the outbox has no more. It removes those older than so many days.
func (v *Deliveries) Again(ctx context.Context, lane, days, most int) ([]delivery.Event, error) {
	var events []delivery.Event
	err := v.do(ctx, "reading events to send again", func(q outboxQuery) error {
		var xid, kind, learner string
		var seq int32
		var id pgtype.UUID
		var at time.Time
		var payload []byte
		return q.run(q.sql.again, func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&xid, &seq, &id, &kind, &learner, &at, &payload}, func() error {
				here, err := positionOf(xid, seq, id.Bytes)
				events = append(events, delivery.Event{Position: here, Type: kind, Learner: learner, At: at, Data: payload})
				payload = nil
				return err
			})
			return err
		}, v.receiver.Name, int32(lane), int32(days), int32(most))
	})
	return events, err
}

// Tried says what came of sending a dead letter again: with done it is removed.
func (v *Deliveries) Tried(ctx context.Context, event uuid.UUID, done bool, status int) error {
	return v.do(ctx, "noting an event that was sent again", func(q outboxQuery) error {
		return q.run(q.sql.tried, nothing, v.receiver.Name, event.String(), done, int32(status))
	})
}

// ofLane runs a statement that returns a row if the lane is this process'.
func (v *Deliveries) ofLane(ctx context.Context, what, sql string, lane int, arguments ...any) (mine bool, err error) {
	err = v.do(ctx, what, func(q outboxQuery) error {
		return q.run(sql, func(rows pgx.Rows) error {
			mine = rows.Next()
			rows.Close()
			return rows.Err()
		}, append([]any{v.receiver.Name, int32(lane), v.owner, v.lease, v.life}, arguments...)...)
	})
	return mine, err
}

func nothing(rows pgx.Rows) error {
	rows.Close()
	return rows.Err()
}

// outboxQuery runs one statement, on a connection that has the tables.
type outboxQuery struct {
	sql    deliveryStatements
	target string
	run    func(sql string, scan func(pgx.Rows) error, arguments ...any) error
}

// do runs f on a connection. It leaves one of several connections, or the next turn on the
// only one, to writes.
func (v *Deliveries) do(ctx context.Context, what string, f func(outboxQuery) error) error {
	d := v.database
	s := d.session()
	ctx, cancel := context.WithTimeout(ctx, s.writeLimit())
	defer cancel()
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return named(what, ctx.Err())
	}
	err := d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		if !d.sends.Load() {
			if _, err := d.upgrade(ctx, s.options, conn, versionToSend, sendingMissing); err != nil {
				return err
			}
			d.sends.Store(true)
		}
		t, err := d.readable(ctx, s.options, conn)
		if err != nil {
			return err
		}
		return f(outboxQuery{
			sql: d.sql.deliveries, target: t.told,
			run: func(sql string, scan func(pgx.Rows) error, arguments ...any) error {
				return d.bounded(ctx, conn, s.options.StatementTimeout, sql, scan, arguments...)
			},
		})
	})
	if class := Classify(err).Class; err != nil && (class == SchemaMissing || class == Unsupported) {
		d.sends.Store(false)
	}
	return named(what, err)
}
