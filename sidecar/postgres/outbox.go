package postgres

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// MaxReadEvents is the most that one ReadEvents returns.
const MaxReadEvents = 1000

// What keeps events from being read.
var (
	// ErrEventsOff says that the policy asks for no events.
	ErrEventsOff = errors.New("the policy asks for no events")
	// ErrEventsUnmarked says that the mapping names no column for marks.
	ErrEventsUnmarked = errors.New("the mapped table has no column for marks, and so no events")
	// ErrEventsGone says that events after a place may have been dropped by now.
	ErrEventsGone = errors.New("events after that place are older than the retention")
)

// Event is a row of the outbox.
type Event struct {
	ID, Type string
	// Learner is the id of whom it is about.
	Learner string
	// At is when it was written.
	At time.Time
	// Payload is a JSON object.
	Payload []byte

	xid uint64
	seq int32
}

// EventPlace is a place between two events. The zero place is before the first that
// there is.
type EventPlace struct {
	// Xid and Seq are the least that the next event may have.
	Xid uint64
	Seq int32
	// AsOf is when nothing older was left to read, to the microsecond.
	AsOf time.Time
	// Life is that of the server, in which Xid counts: 16 hexadecimal digits.
	Life string
}

// EventPage are events in their order.
type EventPage struct {
	// Database and Target name what the events are of.
	Database, Target string
	Events           []Event
	Next             EventPlace
	// HeldBack is how long the oldest event has been waiting for a transaction that began
	// before it and is still under way; 0 for none.
	HeldBack time.Duration
}

// ReadEvents returns up to limit events from a place on. Fewer are all that there are
// now. None is ever written before a place that was returned, but after a failover, or
// a crash of the server, those of ten minutes may come again. It waits no longer than
// ReadTimeout, as ReadAt does. The retention is in days. It returns ErrEventsOff,
// ErrEventsUnmarked, ErrEventsGone or an error of the database.
func (d *Database) ReadEvents(ctx context.Context, from EventPlace, limit, retention int) (EventPage, error) {
	const what = "reading events"
	s := d.session()
	if err := s.options.untold(); err != nil {
		return EventPage{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.ReadTimeout)
	defer cancel()
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return EventPage{}, named(what, ctx.Err())
	}
	var page EventPage
	var gone bool
	err := d.withConnection(ctx, s, s.options.ReadTimeout, func(ctx context.Context, conn *pgxpool.Conn) error {
		t, err := d.readable(ctx, s.options, conn)
		if err != nil {
			return err
		}
		page = EventPage{Target: t.told}
		asOf := pgtype.Timestamptz{Time: from.AsOf, Valid: !from.AsOf.IsZero()}
		return d.bounded(ctx, conn, s.options.ReadTimeout, d.sql.readOutbox, func(rows pgx.Rows) (err error) {
			gone, err = page.scan(rows, min(limit, MaxReadEvents))
			return err
		}, strconv.FormatUint(from.Xid, 10), from.Seq, asOf, from.Life, int32(min(limit, MaxReadEvents)), t.told, int32(retention))
	})
	switch {
	case err != nil:
		return EventPage{}, named(what, err)
	case gone:
		return EventPage{}, ErrEventsGone
	default:
		return page, nil
	}
}

// untold says why there are no events, nil if there are.
func (o Options) untold() error {
	switch {
	case !o.Events:
		return ErrEventsOff
	case !o.tells():
		return ErrEventsUnmarked
	default:
		return nil
	}
}

// scan reads what read_outbox.sql returns.
func (p *EventPage) scan(rows pgx.Rows, limit int) (gone bool, err error) {
	var now time.Time
	var horizon, life string
	var waiting, at pgtype.Timestamptz
	var id, kind, learner, payload, xid pgtype.Text
	var seq pgtype.Int4
	into := []any{&now, &p.Database, &life, &horizon, &gone, &waiting, &id, &kind, &learner, &at, &payload, &xid, &seq}
	_, err = pgx.ForEachRow(rows, into, func() error {
		if !id.Valid {
			return nil
		}
		number, err := strconv.ParseUint(xid.String, 10, 64)
		if err != nil {
			return err
		}
		p.Events = append(p.Events, Event{
			ID: id.String, Type: kind.String, Learner: learner.String, At: at.Time, Payload: []byte(payload.String), xid: number, seq: seq.Int32,
		})
		return nil
	})
	if err != nil {
		return gone, err
	}
	p.Next = EventPlace{AsOf: now, Life: life}
	if waiting.Valid {
		p.Next.AsOf = waiting.Time
		p.HeldBack = max(0, now.Sub(waiting.Time))
	}
	if len(p.Events) < limit {
		p.Next.Xid, err = strconv.ParseUint(horizon, 10, 64)
		return gone, err
	}
	last := p.Events[len(p.Events)-1]
	p.Next.Xid, p.Next.Seq = last.xid, last.seq+1
	if last.At.Before(p.Next.AsOf) {
		p.Next.AsOf = last.At
	}
	return gone, nil
}

// KeepEvents makes room for the events of the next days and drops those that are older
// than so many days. It returns how many days that are due to go are left since somebody
// reads them; 0 also where another sidecar is at it. It returns ErrEventsOff,
// ErrEventsUnmarked or an error of the database.
func (d *Database) KeepEvents(ctx context.Context, retention int) (overdue int, err error) {
	s := d.session()
	if err := s.options.untold(); err != nil {
		return 0, err
	}
	err = d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		if _, err := d.ready(ctx, s.options, conn); err != nil {
			return err
		}
		return d.bounded(ctx, conn, s.options.StatementTimeout, d.sql.keepOutbox, func(rows pgx.Rows) error {
			var left pgtype.Int4
			_, err := pgx.ForEachRow(rows, []any{&left}, func() error { return nil })
			overdue = int(left.Int32)
			return err
		}, int32(retention))
	})
	return overdue, named("keeping the outbox", err)
}
