package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// ErrOutcomeUnknown says that batches of a round may be in the database although
// they have no result: the connection was lost before all answers had come, or the
// ledger could not be asked how far the round had got. No record is to blame then.
var ErrOutcomeUnknown = errors.New("what was written is not known")

// Outcome is what the ledger says about a batch.
type Outcome int

const (
	// Applied says that this call has written the batch and that it is durable.
	Applied Outcome = iota + 1
	// AlreadyApplied says that an earlier attempt had written it, whatever
	// became of its answer, and that it is durable.
	AlreadyApplied
	// Rewound says that the ledger is further back than the batch
	// (Result.LedgerNumber), and not at the number before it, or has no row at
	// all (Result.Missing): the database has lost what was written since.
	// Nothing was written.
	Rewound
	// Fenced says that the ledger row belongs to another process: a newer one,
	// or, if the database fell back, an earlier one (Result.Claims). Nothing was
	// written.
	Fenced
)

func (o Outcome) String() string {
	switch o {
	case Applied:
		return "applied"
	case AlreadyApplied:
		return "already applied"
	case Rewound:
		return "rewound"
	case Fenced:
		return "fenced"
	default:
		return fmt.Sprintf("outcome %d", int(o))
	}
}

// Result of an attempt to write a batch.
type Result struct {
	Outcome Outcome
	// LedgerNumber is the last batch that the ledger knows to be written.
	LedgerNumber uint64
	// Missing is true if the lane has no ledger row.
	Missing bool
	// Claims is how often the lane's row was claimed, set with Fenced. More than
	// at the caller's own claim means a newer process; fewer, that the database
	// fell back to before that claim.
	Claims uint64
	// Rows is the number of rows that were inserted or changed.
	Rows int64
}

// Apply is ApplyRound for a single batch.
//
// After an error the outcome may be unknown; call Apply again with the same
// arguments, and the ledger tells. An error of class BadData that does not wrap
// ErrOutcomeUnknown means that nothing was written and that it will be the same each
// time.
func (d *Database) Apply(ctx context.Context, writer, owner string, prev uint64, b progress.Batch) (Result, error) {
	results, err := d.ApplyRound(ctx, writer, owner, prev, []progress.Batch{b})
	if len(results) == 0 {
		return Result{}, err
	}
	return results[0], nil
}

// ApplyRound writes batches of one lane, one after the other, if the last one
// that the lane has written is prev. Each is a transaction of its own and follows
// on the one before it, but all go in one round trip, unless there is a pooler in
// between, and only the last waits for its commit to reach the disk: the server's
// log has the others before it.
// Numbers must rise; the records of a batch must be sorted by key, with no key
// twice.
//
// There is a result for each batch whose outcome is known, in their order. The
// first that is neither Applied nor AlreadyApplied ends the results; no batch
// behind it was written. An error that wraps ErrOutcomeUnknown is of no batch in
// particular. Any other is that of batches[len(results)]; if its class is BadData,
// neither that one nor any behind it was written, otherwise that is unknown. Call
// ApplyRound again for what has no result: the ledger tells.
//
// What has the result Applied or AlreadyApplied has survived a crash of the
// server, unless the server itself runs with synchronous_commit off. A batch
// whose commit may not have reached the disk has no result.
func (d *Database) ApplyRound(ctx context.Context, writer, owner string, prev uint64, batches []progress.Batch) ([]Result, error) {
	if len(batches) == 0 {
		return nil, nil
	}
	r, err := newRound(writer, owner, prev, batches)
	if err != nil {
		return nil, named(r.name(0), err)
	}
	s := d.session()
	var results []Result
	err = d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		t, err := d.ready(ctx, s.options, conn)
		if err != nil {
			return err
		}
		answers, err := d.send(ctx, conn.Conn(), s.options, t, r)
		results, err = d.judge(ctx, conn, s.options, r, answers, err)
		return d.explain(ctx, conn, t, err)
	})
	if err != nil {
		d.forgetSchema(err)
		return results, named(r.name(len(results)), err)
	}
	return results, nil
}

// round is some batches of one lane on their way.
type round struct {
	id      identity
	lane    int
	prev    int64
	batches []progress.Batch
}

func newRound(writer, owner string, prev uint64, batches []progress.Batch) (round, error) {
	r := round{lane: batches[0].Lane, batches: batches}
	var err error
	if r.id, err = newIdentity(writer, owner); err != nil {
		return r, err
	}
	if r.prev, err = ledgerNumber(prev); err != nil {
		return r, err
	}
	last := prev
	for _, b := range batches {
		if _, err := ledgerNumber(b.Number); err != nil {
			return r, err
		}
		if b.Number <= last {
			return r, fmt.Errorf("number %d is not above the one before it, %d", b.Number, last)
		}
		if b.Lane != r.lane {
			return r, fmt.Errorf("batch %d is of lane %d", b.Number, b.Lane)
		}
		last = b.Number
	}
	return r, nil
}

func (r round) name(i int) string {
	b := r.batches[min(i, len(r.batches)-1)]
	return fmt.Sprintf("applying batch %d of lane %d", b.Number, b.Lane)
}

// before is the number that the ledger must be at for batch i.
func (r round) before(i int) int64 {
	if i == 0 {
		return r.prev
	}
	return int64(r.batches[i-1].Number)
}

// judge says what is known to be durable after a round. failed is the error of
// the batch behind the last answer, nil if all were answered.
func (d *Database) judge(ctx context.Context, conn *pgxpool.Conn, options Options, r round, answers []reply, failed error) ([]Result, error) {
	if len(answers) == 0 {
		return nil, failed
	}
	var at position
	if failed == nil && answers[len(answers)-1].claimed {
		// The synchronous commit of the last one.
		at = position{found: true, ours: true, number: r.batches[len(answers)-1].Number}
	} else {
		var err error
		if at, err = d.consult(ctx, conn, options, r); err != nil {
			return nil, outcomeUnknown(err)
		}
	}
	return results(r.batches, answers, at, failed)
}

func outcomeUnknown(cause error) error { return fmt.Errorf("%w: %w", ErrOutcomeUnknown, cause) }

// results says what a ledger row means for the batches of a round.
func results(batches []progress.Batch, answers []reply, at position, failed error) ([]Result, error) {
	switch {
	case !at.found:
		return []Result{{Outcome: Rewound, Missing: true}}, nil
	case !at.ours:
		return []Result{{Outcome: Fenced, LedgerNumber: at.number, Claims: at.claims}}, nil
	}
	all := make([]Result, 0, len(batches))
	for i, b := range batches {
		claimed := i < len(answers) && answers[i].claimed
		switch {
		case b.Number <= at.number && claimed:
			all = append(all, Result{Outcome: Applied, LedgerNumber: b.Number, Rows: answers[i].rows})
		case b.Number <= at.number:
			all = append(all, Result{Outcome: AlreadyApplied, LedgerNumber: at.number})
		case i >= len(answers):
			return all, failed
		default:
			return append(all, Result{Outcome: Rewound, LedgerNumber: at.number}), nil
		}
	}
	return all, nil
}

// position is where a ledger row stands, for certain and durably.
type position struct {
	found, ours bool
	number      uint64
	claims      uint64
}

// consult asks the ledger how far it has come. It touches the row, so that its
// own commit makes those before it durable, and waits for an attempt that is
// still under way.
func (d *Database) consult(ctx context.Context, conn *pgxpool.Conn, options Options, r round) (position, error) {
	for {
		at, err := d.ledgerRow(ctx, conn, options, d.sql.touch, r)
		if err != nil || at.found {
			return at, err
		}
		at, err = d.ledgerRow(ctx, conn, options, d.sql.ledger, r)
		if err != nil || !at.found || !at.ours {
			return at, err
		}
		// Our own claim has come between the two.
	}
}
