package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Outcome is what the ledger says about a batch.
type Outcome int

const (
	// Applied says that this call has written the batch.
	Applied Outcome = iota + 1
	// AlreadyApplied says that an earlier attempt had written it, whatever
	// became of its answer.
	AlreadyApplied
	// Rewound says that the ledger is further back than the batch
	// (Result.LedgerNumber), and not at the number before it, or has no row at
	// all (Result.Missing): the database has lost what was written since.
	// Nothing was written.
	Rewound
	// Fenced says that a newer process has claimed the ledger. Nothing was
	// written, and nothing will be.
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
	// Rows is the number of rows that were inserted or changed.
	Rows int64
}

// Apply writes a batch, if the last one that its lane has written is prev. The
// records must be sorted by key, with no key twice.
//
// After an error the outcome may be unknown; call Apply again with the same
// arguments, and the ledger tells. An error of class BadData means that
// nothing was written and that it will be the same each time.
func (d *Database) Apply(ctx context.Context, writer, owner string, prev uint64, b progress.Batch) (Result, error) {
	a, err := newAttempt(writer, owner, prev, b)
	if err != nil {
		return Result{}, named(a.name(), err)
	}
	s := d.session()
	var result Result
	err = d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		if !d.schemaReady.Load() {
			if err := d.readySchema(ctx, s.options, conn); err != nil {
				return err
			}
		}
		claimed, rows, err := d.send(ctx, conn.Conn(), s.options, a)
		if err != nil {
			return err
		}
		if claimed {
			result = Result{Outcome: Applied, LedgerNumber: b.Number, Rows: rows}
			return nil
		}
		result, err = d.consult(ctx, conn, s.options, a)
		return err
	})
	if err != nil {
		d.forgetSchema(err)
		return Result{}, named(a.name(), err)
	}
	return result, nil
}

// attempt is one batch on its way, its numbers as the ledger holds them.
type attempt struct {
	id           identity
	batch        progress.Batch
	number, prev int64
}

func newAttempt(writer, owner string, prev uint64, b progress.Batch) (attempt, error) {
	a := attempt{batch: b}
	var err error
	if a.id, err = newIdentity(writer, owner); err != nil {
		return a, err
	}
	if a.number, err = ledgerNumber(b.Number); err != nil {
		return a, err
	}
	if a.prev, err = ledgerNumber(prev); err != nil {
		return a, err
	}
	if a.number <= a.prev {
		return a, fmt.Errorf("its number is not above the one before it, %d", prev)
	}
	return a, nil
}

func (a attempt) name() string {
	return fmt.Sprintf("applying batch %d of lane %d", a.batch.Number, a.batch.Lane)
}

// send runs apply.sql in one round trip. Up to the pipeline's synchronization
// point the server sees one implicit transaction, whose commit is known to be
// durable when that point is answered. Several batches can go in one round trip
// with a synchronization point after each.
func (d *Database) send(ctx context.Context, conn *pgx.Conn, options Options, a attempt) (claimed bool, rows int64, err error) {
	e := d.encoders.Get().(*encoder)
	defer d.encoders.Put(e)
	timeout := []byte(serverTimeout(ctx, options.StatementTimeout))
	parameters := e.encode(a.id, a.number, a.prev, a.batch)

	queue, err := d.prepare(ctx, conn, options)
	if err != nil {
		return false, 0, err
	}
	pipeline := conn.PgConn().StartPipeline(ctx)
	queue(pipeline, timeout, parameters, e.types)
	if err := pipeline.Sync(); err != nil {
		return false, 0, errors.Join(err, pipeline.Close())
	}
	claimed, rows, err = receive(pipeline)
	if closing := pipeline.Close(); err == nil {
		err = closing
	}
	return claimed, rows, err
}

// queueFunc queues the statements of one batch.
type queueFunc func(p *pgconn.Pipeline, timeout []byte, parameters [][]byte, types []uint32)

// prepare returns how to queue the statements. Prepared statements save the
// server their planning; without them every type is known here, so that no
// round trip asks for one.
func (d *Database) prepare(ctx context.Context, conn *pgx.Conn, options Options) (queueFunc, error) {
	binaryFormat := []int16{pgx.BinaryFormatCode}
	if options.ExecMode != config.ExecModeCacheStatement {
		return func(p *pgconn.Pipeline, timeout []byte, parameters [][]byte, types []uint32) {
			p.SendQueryParams(d.sql.statementTimeout, [][]byte{timeout}, nil, nil, nil)
			p.SendQueryParams(d.sql.apply, parameters, types, binaryFormat, binaryFormat)
		}, nil
	}
	// A statement that is prepared already costs nothing here.
	setTimeout, err := conn.Prepare(ctx, d.sql.statementTimeout, d.sql.statementTimeout)
	if err != nil {
		return nil, err
	}
	apply, err := conn.Prepare(ctx, d.sql.apply, d.sql.apply)
	if err != nil {
		return nil, err
	}
	return func(p *pgconn.Pipeline, timeout []byte, parameters [][]byte, _ []uint32) {
		p.SendQueryStatement(setTimeout, [][]byte{timeout}, nil, nil)
		p.SendQueryStatement(apply, parameters, binaryFormat, binaryFormat)
	}, nil
}

// receive reads the answers to what prepare queued, up to the commit.
func receive(p *pgconn.Pipeline) (claimed bool, rows int64, err error) {
	if _, err := result(p); err != nil {
		return false, 0, err
	}
	counts, err := result(p)
	if err != nil {
		return false, 0, err
	}
	if len(counts) != 2 || len(counts[0]) != 8 || len(counts[1]) != 8 {
		return false, 0, errors.New("the database answered in an unknown form")
	}
	claimed = binary.BigEndian.Uint64(counts[0]) == 1
	rows = int64(binary.BigEndian.Uint64(counts[1]))
	synced, err := p.GetResults()
	if err != nil {
		return false, 0, err
	}
	if _, ok := synced.(*pgconn.PipelineSync); !ok {
		return false, 0, errors.New("the database did not answer the commit")
	}
	return claimed, rows, nil
}

// result reads the one row of the next statement.
func result(p *pgconn.Pipeline) ([][]byte, error) {
	next, err := p.GetResults()
	if err != nil {
		return nil, err
	}
	reader, ok := next.(*pgconn.ResultReader)
	if !ok {
		return nil, errors.New("the database answered in an unknown order")
	}
	read := reader.Read()
	if read.Err != nil {
		return nil, read.Err
	}
	if len(read.Rows) != 1 {
		return nil, errors.New("the database answered without a row")
	}
	return read.Rows[0], nil
}

// consult asks the ledger why it did not move.
func (d *Database) consult(ctx context.Context, conn *pgxpool.Conn, options Options, a attempt) (Result, error) {
	var number int64
	var ours, found bool
	err := d.bounded(ctx, conn, options.StatementTimeout, d.sql.ledger, func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&number, &ours}, func() error {
			found = true
			return nil
		})
		return err
	}, a.id.writer.String(), int32(a.batch.Lane), a.id.owner.String())
	if err != nil {
		return Result{}, err
	}
	return verdict(a, number, ours, found), nil
}

// verdict says what a ledger row means for a batch that it did not let in.
func verdict(a attempt, number int64, ours, found bool) Result {
	switch {
	case !found:
		return Result{Outcome: Rewound, Missing: true}
	case !ours:
		return Result{Outcome: Fenced, LedgerNumber: uint64(number)}
	case number >= a.number:
		return Result{Outcome: AlreadyApplied, LedgerNumber: uint64(number)}
	default:
		return Result{Outcome: Rewound, LedgerNumber: uint64(number)}
	}
}
