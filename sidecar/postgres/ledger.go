package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrNotOwner says that the ledger row of a lane is missing or belongs to
// another process.
var ErrNotOwner = errors.New("another process writes for this spool")

// Claimed is what a claim has found in the ledger row of a lane.
type Claimed struct {
	// Number is that of the last batch that the lane has written.
	Number uint64
	// BatchID is the id of that batch, 0 if it is not known.
	BatchID uint64
	// Claims is how often the row was claimed, this time included.
	Claims uint64
	// Existed is whether the lane had a row before.
	Existed bool
}

// Claim makes the schema ready, or checks it, and takes the ledger rows of a
// writer's lanes for the given owner. From then on every other owner is
// fenced. It returns what it found, by lanes.
//
// While the rows are locked and before anything is final, approve, if not nil, is
// shown what was found. If it returns an error, all stays as it was, the present owner
// included, and the error wraps that one. It must not call the Database.
func (d *Database) Claim(
	ctx context.Context, writer, owner string, lanes int, approve func([]Claimed) error,
) ([]Claimed, error) {
	const what = "claiming the ledger"
	id, err := newIdentity(writer, owner)
	if err != nil {
		return nil, named(what, err)
	}
	s := d.session()
	var claimed []Claimed
	err = d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		if _, err := d.readySchema(ctx, s.options, conn); err != nil {
			return err
		}
		for len(claimed) < lanes {
			// Another process that claims the same lanes for the first time
			// may have made a row that our statement could not see yet.
			err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
				claimed, err = d.claimOnce(ctx, tx, s.options, id, lanes)
				if err != nil || len(claimed) < lanes {
					return err
				}
				if approve == nil {
					return nil
				}
				return approve(claimed)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.forgetSchema(err)
		return nil, named(what, err)
	}
	return claimed, nil
}

func (d *Database) claimOnce(ctx context.Context, conn sender, options Options, id identity, lanes int) ([]Claimed, error) {
	claimed := make([]Claimed, 0, lanes)
	err := d.bounded(ctx, conn, options.StatementTimeout, d.sql.claim, func(rows pgx.Rows) error {
		var lane int32
		var number, batch, claims int64
		var existed bool
		_, err := pgx.ForEachRow(rows, []any{&lane, &number, &batch, &claims, &existed}, func() error {
			claimed = append(claimed, Claimed{uint64(number), uint64(batch), uint64(claims), existed})
			return nil
		})
		return err
	}, id.writer.String(), id.owner.String(), int32(lanes))
	return claimed, err
}

// MoveLedger sets the number of a lane that the owner has claimed: for a new ledger
// row of a spool that has written batches elsewhere, or after the database was
// rewound further than can be written again. ErrNotOwner if it is not ours.
func (d *Database) MoveLedger(ctx context.Context, writer, owner string, lane int, number uint64) error {
	what := fmt.Sprintf("moving the ledger of lane %d to %d", lane, number)
	id, err := newIdentity(writer, owner)
	if err != nil {
		return named(what, err)
	}
	n, err := ledgerNumber(number)
	if err != nil {
		return named(what, err)
	}
	s := d.session()
	err = d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		var changed int64
		err := d.bounded(ctx, conn, s.options.StatementTimeout, d.sql.moveLedger, func(rows pgx.Rows) error {
			rows.Close()
			changed = rows.CommandTag().RowsAffected()
			return rows.Err()
		}, id.writer.String(), int32(lane), id.owner.String(), n)
		if err == nil && changed == 0 {
			return ErrNotOwner
		}
		return err
	})
	d.forgetSchema(err)
	return named(what, err)
}

// ledgerRow runs a statement that returns the round's ledger row.
func (d *Database) ledgerRow(ctx context.Context, conn *pgxpool.Conn, options Options, sql string, r round) (position, error) {
	var at position
	var number, claims int64
	err := d.bounded(ctx, conn, options.StatementTimeout, sql, func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&number, &at.ours, &claims}, func() error {
			at.found = true
			return nil
		})
		return err
	}, r.id.writer.String(), int32(r.lane), r.id.owner.String())
	at.number, at.claims = uint64(number), uint64(claims)
	return at, err
}

// sender is a connection, or a transaction on one.
type sender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// bounded runs one statement under a statement timeout, in one round trip and,
// on a connection, one implicit transaction.
func (d *Database) bounded(ctx context.Context, conn sender, limit time.Duration, sql string, scan func(pgx.Rows) error, arguments ...any) error {
	return withSettings(ctx, conn, d.sql.statementTimeout, limit, sql, scan, arguments...)
}

// withSettings is bounded with settings, which get the timeout in milliseconds.
func withSettings(
	ctx context.Context, conn sender, settings string, limit time.Duration, sql string, scan func(pgx.Rows) error, arguments ...any,
) error {
	batch := &pgx.Batch{}
	batch.Queue(settings, serverTimeout(ctx, limit))
	batch.Queue(sql, arguments...)
	results := conn.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		return errors.Join(err, results.Close())
	}
	rows, err := results.Query()
	if err == nil {
		err = scan(rows)
	}
	// Closing reads the commit's answer.
	if closing := results.Close(); err == nil {
		err = closing
	}
	return err
}
