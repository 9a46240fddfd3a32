package flush

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// ledgerModel is the database in a few lines: ledger rows and merged records,
// which a batch changes both or neither. It is the oracle's counterpart of
// the real one, with hooks for trouble.
type ledgerModel struct {
	mu    sync.Mutex
	rows  map[int]ledgerRow
	saved map[progress.Key]progress.Record
	// before decides about a call before it is carried out; an error fails it.
	before func(call string, b progress.Batch) error
	// refuse may fail a batch for what is in it, as a trigger of the table does
	// when the ledger lets the batch through.
	refuse func(b progress.Batch) error
	// cut may lose the connection with the answers of a round that ends in a refusal.
	cut func() bool
	// abandon may give a round up before the server has begun with it; it waits among
	// the late ones then.
	abandon func() bool
	late    []lateRound
	// after may lose the answer to a round of which this batch was carried out.
	after func(b progress.Batch) error
	calls []modelCall
	// rounds are the numbers of batches that were sent together.
	rounds []int
}

type ledgerRow struct {
	owner  string
	number uint64
	id     uint64
	claims uint64
}

// lateRound is a round that is still on its way to the server, on a connection that
// the sidecar has left.
type lateRound struct {
	owner   string
	prev    uint64
	batches []progress.Batch
}

type modelCall struct {
	name  string
	batch uint64
	at    time.Time
}

func newLedgerModel() *ledgerModel {
	return &ledgerModel{rows: map[int]ledgerRow{}, saved: map[progress.Key]progress.Record{}}
}

func (d *ledgerModel) called(name string, b progress.Batch) error {
	d.calls = append(d.calls, modelCall{name, b.Number, time.Now()})
	if d.before == nil {
		return nil
	}
	return d.before(name, b)
}

func (d *ledgerModel) Claim(ctx context.Context, _, owner string, lanes int, approve func([]postgres.Claimed) error) ([]postgres.Claimed, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := errors.Join(ctx.Err(), d.called("claim", progress.Batch{})); err != nil {
		return nil, err
	}
	claimed := make([]postgres.Claimed, lanes)
	rows := maps.Clone(d.rows)
	for lane := range lanes {
		row, ok := rows[lane]
		row.owner = owner
		row.claims++
		claimed[lane] = postgres.Claimed{Number: row.number, BatchID: row.id, Claims: row.claims, Existed: ok}
		rows[lane] = row
	}
	if approve != nil {
		if err := approve(claimed); err != nil {
			return nil, err
		}
	}
	d.rows = rows
	return claimed, nil
}

func (d *ledgerModel) MoveLedger(ctx context.Context, _, owner string, lane int, number uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := errors.Join(ctx.Err(), d.called("move", progress.Batch{Number: number})); err != nil {
		return err
	}
	row := d.rows[lane]
	if row.owner != owner {
		return postgres.ErrNotOwner
	}
	row.number, row.id = number, 0
	d.rows[lane] = row
	return nil
}

// RenewLedger gives the process's rows its newer token. The tokens of a process differ
// in their last 8 digits.
func (d *ledgerModel) RenewLedger(ctx context.Context, _, owner string, lanes int) ([]postgres.LedgerRow, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := errors.Join(ctx.Err(), d.called("ask", progress.Batch{})); err != nil {
		return nil, err
	}
	found := make([]postgres.LedgerRow, lanes)
	for lane := range found {
		row, ok := d.rows[lane]
		if !ok {
			continue
		}
		ours := strings.HasPrefix(row.owner, owner[:len(owner)-8]) && row.owner <= owner
		if ours {
			row.owner = owner
			d.rows[lane] = row
		}
		found[lane] = postgres.LedgerRow{Exists: true, Ours: ours, Number: row.number, BatchID: row.id, Claims: row.claims}
	}
	return found, nil
}

// ApplyRound carries the batches out one by one. What the server refuses ends
// the round with the results before it; a lost answer leaves no result at all.
func (d *ledgerModel) ApplyRound(ctx context.Context, _, owner string, prev uint64, batches []progress.Batch) ([]postgres.Result, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rounds = append(d.rounds, len(batches))
	if d.abandon != nil && d.abandon() {
		d.late = append(d.late, lateRound{owner, prev, batches})
		return nil, fmt.Errorf("%w: %w", postgres.ErrOutcomeUnknown, sqlError("08006"))
	}
	var results []postgres.Result
	for _, b := range batches {
		if err := errors.Join(ctx.Err(), d.called("apply", b)); err != nil {
			return results, err
		}
		row, ok := d.rows[b.Lane]
		switch {
		case !ok:
			return append(results, postgres.Result{Outcome: postgres.Rewound, Missing: true}), nil
		case row.owner != owner:
			return append(results, postgres.Result{Outcome: postgres.Fenced, LedgerNumber: row.number, Claims: row.claims}), nil
		case row.number != prev && row.number >= b.Number:
			results = append(results, postgres.Result{Outcome: postgres.AlreadyApplied, LedgerNumber: row.number})
			prev = b.Number
			continue
		case row.number != prev:
			return append(results, postgres.Result{Outcome: postgres.Rewound, LedgerNumber: row.number}), nil
		}
		if d.refuse != nil {
			if err := d.refuse(b); err != nil {
				if d.cut != nil && d.cut() {
					return nil, fmt.Errorf("%w: %w", postgres.ErrOutcomeUnknown, err)
				}
				return results, err
			}
		}
		d.write(b)
		if d.after != nil {
			if err := d.after(b); err != nil {
				return nil, err
			}
		}
		results = append(results, postgres.Result{
			Outcome: postgres.Applied, LedgerNumber: b.Number, Rows: int64(len(b.Records)),
		})
		prev = b.Number
	}
	return results, nil
}

// arrive lets the late rounds reach the server, which does with them as with any.
func (d *ledgerModel) arrive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.late {
		for _, b := range r.batches {
			row := d.rows[b.Lane]
			if row.owner != r.owner || row.number != r.prev || d.refuse != nil && d.refuse(b) != nil {
				break
			}
			d.write(b)
			r.prev = b.Number
		}
	}
	d.late = nil
}

func (d *ledgerModel) write(b progress.Batch) {
	row := d.rows[b.Lane]
	row.number, row.id = b.Number, b.ID
	d.rows[b.Lane] = row
	for _, r := range b.Records {
		if old, ok := d.saved[r.Key]; ok {
			r = progress.Merge(old, r)
		}
		d.saved[r.Key] = r
	}
}

func (d *ledgerModel) Ping(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(ctx.Err(), d.called("ping", progress.Batch{}))
}

// snapshot and restore are a failover to a replica that lagged.
func (d *ledgerModel) snapshot() (map[int]ledgerRow, map[progress.Key]progress.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.rows), maps.Clone(d.saved)
}

func (d *ledgerModel) restore(rows map[int]ledgerRow, saved map[progress.Key]progress.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rows, d.saved = rows, saved
	d.late = nil // they are on their way to the server of before
}

func (d *ledgerModel) setTrouble(before func(string, progress.Batch) error, after func(progress.Batch) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before, d.after = before, after
}

// times are the moments of the calls of the given name since start.
func (d *ledgerModel) times(name string, start time.Time) []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []time.Duration
	for _, c := range d.calls {
		if c.name == name {
			all = append(all, c.at.Sub(start))
		}
	}
	return all
}

func (d *ledgerModel) record(k progress.Key) progress.Record {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.saved[k]
}

// Erase leaves a tombstone that only tells of the erasure: what a test sends
// later is to show.
func (d *ledgerModel) Erase(ctx context.Context, userID string, before time.Time) (postgres.Erased, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := errors.Join(ctx.Err(), d.called("erase", progress.Batch{Records: []progress.Record{{Key: progress.Key{UserID: userID}}}})); err != nil {
		return postgres.Erased{}, err
	}
	mark := progress.Key{UserID: tombstoneOf + userID}
	at := progress.InstantOf(before)
	if d.saved[mark].ReceivedAt >= at {
		return postgres.Erased{Repeated: true}, nil
	}
	d.saved[mark] = progress.Record{Key: mark, ReceivedAt: at}
	var rows int64
	for k := range d.saved {
		if k.UserID == userID {
			delete(d.saved, k)
			rows++
		}
	}
	return postgres.Erased{Rows: rows}, nil
}

// tombstoneOf is before a learner's id where the model keeps a tombstone.
const tombstoneOf = "tombstone of "
