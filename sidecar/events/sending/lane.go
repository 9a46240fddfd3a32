package sending

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/flush/breaker"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

const (
	// witnesses are the events among which one is looked for that tells whether the
	// receiver takes any.
	witnesses = 20
	// again is how many dead letters are sent once more between two renewals.
	again = 10
)

// lane is one that this process has.
type lane struct {
	*round
	number int
	// cursor is where the lane stands, saved where the database knows it to stand.
	cursor, saved delivery.Position
	kept          time.Time
	lost          bool
	// size of the next request, in events.
	size int
	// ahead are events behind the cursor that were taken as witnesses.
	ahead map[uuid.UUID]delivery.Event
	// suspect was refused, refusals times while others were taken; seen is how many
	// requests had been taken when it was last tried, known if it was by this process.
	suspect  uuid.UUID
	refusals int
	seen     uint64
	known    bool
}

// serve sends the events of a lane until ctx ends or another process has it.
func (r *round) serve(ctx context.Context, of delivery.Lane) {
	defer r.leave(of.Number)
	l := &lane{
		round: r, number: of.Number, cursor: of.Cursor, saved: of.Cursor, kept: time.Now(), size: r.task.Batch,
		ahead: map[uuid.UUID]delivery.Event{}, suspect: of.Refused, refusals: of.Refusals,
	}
	for ctx.Err() == nil && !l.lost && !r.stopped() {
		if err := l.turn(ctx); err != nil && ctx.Err() == nil {
			r.options.Log.V(1).Info("Sending events was interrupted; it is tried again", "receiver", l.kind.Name(), "lane", l.number, "why", err.Error())
			wait(ctx, r.pace.poll)
		}
	}
}

// turn sends at most one request that is taken, or waits.
func (l *lane) turn(ctx context.Context) error {
	if err := l.keep(ctx); err != nil || l.lost {
		return err
	}
	page, err := l.store.Read(ctx, l.number, l.cursor, max(l.task.Batch, witnesses))
	if err != nil {
		return err
	}
	events := slices.DeleteFunc(page.Events, func(e delivery.Event) bool { _, taken := l.ahead[e.ID]; return taken })
	if len(events) == 0 {
		l.cursor = page.Reached
		if !page.More {
			wait(ctx, l.pace.poll)
		}
		return nil
	}
	if d := l.pause(); d > 0 {
		wait(ctx, min(d, l.pace.keep))
		return nil
	}
	admitted, cancel := context.WithTimeout(ctx, l.pace.keep)
	attempt, ok := l.breaker.Admit(admitted, l.number)
	cancel()
	if !ok {
		return nil // the lease has to be renewed meanwhile
	}
	outcome, err := l.attempt(ctx, events, page.Reached)
	l.breaker.Report(attempt, outcome)
	return err
}

// keep renews the lease where it is time, and sends dead letters again that somebody asks
// for.
func (l *lane) keep(ctx context.Context) error {
	if time.Since(l.kept) < l.pace.keep {
		return nil
	}
	var mine bool
	var err error
	if l.cursor != l.saved && l.suspect == uuid.Nil {
		mine, err = l.store.Move(ctx, l.number, l.cursor)
	} else {
		mine, err = l.store.Keep(ctx, l.number)
	}
	if err != nil {
		return err
	}
	l.lost = !mine
	if l.lost {
		return nil
	}
	l.saved, l.kept = l.cursor, time.Now()
	return l.again(ctx)
}

func (l *lane) again(ctx context.Context) error {
	events, err := l.store.Again(ctx, l.number, l.days, again)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Data == nil { // the outbox has it no more
			err = l.store.Tried(ctx, e.ID, true, 0)
		} else if answer, posting := l.post(ctx, []delivery.Event{e}); posting != nil {
			return posting
		} else {
			taken := answer.Meaning == delivery.Taken
			if taken {
				l.taken(1)
			}
			err = l.store.Tried(ctx, e.ID, taken, answer.Status)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attempt sends events of the lane, of which there is one at least, and carries out what
// follows. Reached is where the lane stands when all are dealt with.
func (l *lane) attempt(ctx context.Context, events []delivery.Event, reached delivery.Position) (breaker.Outcome, error) {
	abandoned := breaker.Outcome{Kind: breaker.Abandoned}
	n := min(max(l.size, 1), len(events))
	for {
		answer, err := l.post(ctx, events[:n])
		if err != nil {
			return abandoned, err
		}
		t := l.tried(events, n)
		step := next(t, answer)
		said := answer
		if step == Witness {
			witness := l.witness(events)
			if said, err = l.post(ctx, []delivery.Event{witness}); err != nil {
				return abandoned, err
			}
			if said.Meaning == delivery.Taken {
				l.taken(1)
				l.ahead[witness.ID] = witness
			}
			step = heard(t, said)
		}
		switch step {
		case Advance:
			l.taken(n)
			l.size = min(2*n, l.task.Batch)
			if n < len(events) {
				reached = events[n-1].Position
			}
			return breaker.Outcome{Kind: breaker.Wrote}, l.moved(reached, func() (bool, error) { return l.store.Move(ctx, l.number, reached) })
		case Halve:
			n /= 2
			l.size = n
			if err := l.keep(ctx); err != nil || l.lost {
				return abandoned, err
			}
			continue
		case SetAside:
			e := events[0]
			l.options.Log.Info("A receiver refused an event while it took others; table progress_sync.undelivered has it",
				"receiver", l.kind.Name(), "event", e.ID.String(), "type", e.Type, "status", answer.Status, "attempts", t.alone+1)
			aside := delivery.SetAside{Event: e, Reason: reasonOf(answer), Status: answer.Status, Attempts: t.alone + 1}
			return breaker.Outcome{Kind: breaker.Refused},
				l.moved(e.Position, func() (bool, error) { return l.store.SetAside(ctx, l.number, aside) })
		case KeepLane:
			l.suspected(events[0].ID, t.alone+1)
			mine, err := l.store.Refuse(ctx, l.number, l.suspect, l.refusals)
			l.lost = err == nil && !mine
			return failed(answer, true), err
		case Stop:
			l.stop()
			l.told.fail(gone410, said.Status)
			return abandoned, l.store.Stop(ctx)
		default: // KeepAll
			l.size = max(1, n/2)
			if n == 1 {
				l.suspected(events[0].ID, t.alone)
			}
			if l.told.fail(failureOf(answer), answer.Status) {
				l.options.Log.Info("A receiver takes no events; they are kept, and sent when it does",
					"receiver", l.kind.Name(), "why", failureOf(answer), "status", answer.Status)
			}
			return failed(answer, false), nil
		}
	}
}

// tried is what is known when n of the events were sent.
func (l *lane) tried(events []delivery.Event, n int) tried {
	t := tried{events: n, most: l.most, witness: n == 1 && l.witness(events).ID != uuid.Nil}
	if n == 1 && events[0].ID == l.suspect {
		t.alone = l.refusals
		t.others = l.known && l.takenSoFar() > l.seen
	}
	return t
}

// suspected notes that an event was refused, so many times while others were taken.
func (l *lane) suspected(id uuid.UUID, times int) {
	l.suspect, l.refusals, l.seen, l.known = id, times, l.takenSoFar(), true
}

// witness is an event of another learner, of which that is the first: another one each
// time. Where there is none, one that was taken as a witness before is sent once more: a
// lane must not stand until more happens. It has no id if there is neither.
func (l *lane) witness(events []delivery.Event) delivery.Event {
	seen := map[string]bool{events[0].Learner: true}
	var all []delivery.Event
	for _, e := range events[1:] {
		if !seen[e.Learner] {
			seen[e.Learner] = true
			all = append(all, e)
		}
	}
	if len(all) > 0 {
		return all[l.refusals%len(all)]
	}
	for _, e := range l.ahead {
		return e
	}
	return delivery.Event{}
}

// moved follows a move of the lane in the database.
func (l *lane) moved(to delivery.Position, move func() (bool, error)) error {
	mine, err := move()
	if err != nil {
		return err // what was sent is sent again
	}
	l.lost = !mine
	l.cursor, l.saved, l.kept = to, to, time.Now()
	l.suspect, l.refusals, l.known = uuid.Nil, 0, false
	for id, e := range l.ahead {
		if e.Compare(to) <= 0 {
			delete(l.ahead, id)
		}
	}
	return nil
}

// failed is an attempt after which the breaker keeps all lanes back, or this one only.
func failed(a delivery.Answer, own bool) breaker.Outcome {
	kind := postgres.KindServer
	if a.Status == 0 {
		kind = postgres.KindNetwork
	}
	return breaker.Outcome{Kind: breaker.Failed, OwnLane: own, Failure: postgres.Failure{Class: postgres.Unreachable, Kind: kind, Retry: postgres.Transient}}
}
