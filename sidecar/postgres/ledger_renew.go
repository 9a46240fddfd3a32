package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// LedgerRow is where the ledger row of a lane stands.
type LedgerRow struct {
	// Exists is false for a lane that has no row; all else is zero then.
	Exists bool
	// Ours says that the row belongs to the owner that was asked for; it may have
	// belonged to an earlier token of the same process.
	Ours bool
	// Number is that of the last batch that the lane has written.
	Number uint64
	// BatchID is the id of that batch, 0 if it is not known.
	BatchID uint64
	// Claims is how often the row was claimed. Of a row that is not ours, more than
	// at the process's own claim means a newer process; fewer, that the database fell
	// back to before that claim.
	Claims uint64
}

// RenewLedger returns the ledger rows of a writer's lanes, by lanes, and gives the
// process's own rows the given owner, which is its newest token. It takes no row from
// another process and writes no batch, but makes the schema ready as ApplyRound does.
// Of the process's own rows it waits for a batch that is still under way, and what it
// returns has survived a crash of the server, as for ApplyRound. After it no batch and
// no renewal is committed that the process has sent under an earlier token, however
// late it reaches the server.
func (d *Database) RenewLedger(ctx context.Context, writer, owner string, lanes int) ([]LedgerRow, error) {
	const what = "renewing the ledger"
	id, err := newIdentity(writer, owner)
	if err != nil {
		return nil, named(what, err)
	}
	s := d.session()
	var all []LedgerRow
	err = d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		if _, err := d.ready(ctx, s.options, conn); err != nil {
			return err
		}
		var err error
		all, err = d.renewLanes(ctx, conn, s.options, id, lanes)
		return err
	})
	if err != nil {
		d.forgetSchema(err)
		return nil, named(what, err)
	}
	return all, nil
}

// renewLanes is consult for all lanes of a writer, under a newer token.
func (d *Database) renewLanes(ctx context.Context, conn *pgxpool.Conn, options Options, id identity, lanes int) ([]LedgerRow, error) {
	for {
		all := make([]LedgerRow, lanes)
		ours, err := d.ledgerRows(ctx, conn, options, d.sql.renewLanes, id, all)
		if err != nil || ours == lanes {
			return all, err
		}
		seen := make([]LedgerRow, lanes)
		stillOurs, err := d.ledgerRows(ctx, conn, options, d.sql.ledgerLanes, id, seen)
		if err != nil {
			return nil, err
		}
		if stillOurs > ours {
			continue // our own claim has come between the two
		}
		for lane, row := range all {
			if !row.Exists {
				all[lane] = seen[lane]
			}
		}
		return all, nil
	}
}

// ledgerRows fills in the rows that a statement returns, by lanes, and returns how
// many of them are of the owner's process.
func (d *Database) ledgerRows(
	ctx context.Context, conn *pgxpool.Conn, options Options, sql string, id identity, into []LedgerRow,
) (ours int, err error) {
	err = d.bounded(ctx, conn, options.StatementTimeout, sql, func(rows pgx.Rows) error {
		var lane int32
		var number, batch, claims int64
		var isOurs bool
		_, err := pgx.ForEachRow(rows, []any{&lane, &number, &batch, &claims, &isOurs}, func() error {
			into[lane] = LedgerRow{Exists: true, Ours: isOurs, Number: uint64(number), BatchID: uint64(batch), Claims: uint64(claims)}
			if isOurs {
				ours++
			}
			return nil
		})
		return err
	}, id.writer.String(), id.owner.String(), int32(len(into)), lowestToken(id.owner).String())
	return ours, err
}
