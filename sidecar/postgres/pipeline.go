package postgres

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// reply is what the server says of one batch that it has committed.
type reply struct {
	claimed bool // the ledger has moved, and the batch is written
	rows    int64
}

// flushRecords is how many records are worth a system call.
const flushRecords = 200

// send runs applySQL for each batch of the round, if possible all in one round
// trip. It returns the answers up to the first that is an error; the batches
// behind that one find the ledger where it was, and write nothing. Of a connection
// that was lost it returns no answers, and ErrOutcomeUnknown.
func (d *Database) send(ctx context.Context, conn *pgx.Conn, options Options, t *target, r round) ([]reply, error) {
	together := len(r.batches)
	if together > 1 {
		direct, err := isDirect(ctx, conn)
		if err != nil {
			return nil, err
		}
		if !direct {
			together = 1
		}
	}
	queue, err := d.prepare(ctx, conn, options, t, len(r.batches) > 1)
	if err != nil {
		return nil, err
	}
	timeout := []byte(serverTimeout(ctx, options.StatementTimeout))
	answers := make([]reply, 0, len(r.batches))
	for first := 0; first < len(r.batches); first += together {
		some, err := d.exchange(ctx, conn, queue, timeout, t, r, first, first+together)
		if conn.IsClosed() {
			return nil, outcomeUnknown(err)
		}
		if answers = append(answers, some...); err != nil {
			return answers, err
		}
	}
	return answers, nil
}

// exchange sends the batches from first up to end in one round trip. Up to each
// of the pipeline's synchronization points the server sees one implicit
// transaction.
func (d *Database) exchange(ctx context.Context, conn *pgx.Conn, queue queueFunc, timeout []byte, t *target, r round, first, end int) ([]reply, error) {
	e := d.encoders.Get().(*encoder)
	defer d.encoders.Put(e)
	pipeline := conn.PgConn().StartPipeline(ctx)
	last, unsent := len(r.batches)-1, 0
	for i := first; i < end; i++ {
		b := r.batches[i]
		b.Records = t.forms.rows(b.Records)
		parameters, types := e.encode(r.id, int64(b.Number), r.before(i), b, t.fixed)
		conn.PgConn().Frontend().Send(room(len(e.buf) + 1024))
		queue(pipeline, i == last, timeout, parameters, types)
		pipeline.SendPipelineSync()
		// The server works on a large batch while the next is encoded.
		if unsent += len(b.Records); unsent < flushRecords && i+1 < end {
			continue
		}
		if err := pipeline.Flush(); err != nil {
			return nil, loss(err, pipeline.Close())
		}
		unsent = 0
	}
	answers, err := receiveAll(pipeline, end-first)
	// Close reads the answers that are left. An error of the server among them
	// is of a batch behind the one at which the answers ended.
	closing := pipeline.Close()
	if conn.IsClosed() {
		return nil, loss(err, closing)
	}
	if err == nil && closing != nil {
		return nil, outcomeUnknown(closing)
	}
	return answers, err
}

// loss is why a connection was lost, by the errors that were met on it. The server's
// are refusals of single batches, unless they ended the session: they don't tell
// which batch they are of once the answers before them are given up.
func loss(met ...error) error {
	var reasons []error
	for _, err := range met {
		server, answered := errors.AsType[*pgconn.PgError](err)
		if !answered || endsSession(server) {
			reasons = append(reasons, err)
		}
	}
	if err := errors.Join(reasons...); err != nil {
		return err
	}
	return pgconn.ErrConnClosed
}

func endsSession(e *pgconn.PgError) bool {
	return e.SeverityUnlocalized == "FATAL" || e.SeverityUnlocalized == "PANIC"
}

// isDirect reports whether the other end of the connection is the server
// itself. A pooler in transaction mode may move a client to another server
// connection at a synchronization point although more has been sent already,
// and then half of a transaction goes astray. One shows by its own cancellation
// key, which doesn't name the process that answers.
func isDirect(ctx context.Context, conn *pgx.Conn) (bool, error) {
	const known = "progress-sync direct"
	custom := conn.PgConn().CustomData()
	if direct, ok := custom[known].(bool); ok {
		return direct, nil
	}
	var pid uint32
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_backend_pid()").Scan(&pid); err != nil {
		return false, err
	}
	custom[known] = pid == conn.PgConn().PID()
	return pid == conn.PgConn().PID(), nil
}

// queueFunc queues the statements of one batch.
type queueFunc func(p *pgconn.Pipeline, durable bool, timeout []byte, parameters [][]byte, types []uint32)

// prepare returns how to queue the statements. Prepared statements save the
// server their planning; without them every type is known here, so that no
// round trip asks for one.
func (d *Database) prepare(ctx context.Context, conn *pgx.Conn, options Options, t *target, several bool) (queueFunc, error) {
	binaryFormat := []int16{pgx.BinaryFormatCode}
	if options.ExecMode != config.ExecModeCacheStatement || isUnprepared(conn) {
		return func(p *pgconn.Pipeline, durable bool, timeout []byte, parameters [][]byte, types []uint32) {
			settings := d.sql.statementTimeout
			if !durable {
				settings = d.sql.asynchronous
			}
			p.SendQueryParams(settings, [][]byte{timeout}, nil, nil, nil)
			p.SendQueryParams(t.apply, parameters, types, binaryFormat, binaryFormat)
		}, nil
	}
	// A statement that is prepared already costs nothing here.
	synchronous, err := conn.Prepare(ctx, d.sql.statementTimeout, d.sql.statementTimeout)
	if err != nil {
		return nil, err
	}
	asynchronous := synchronous
	if several {
		if asynchronous, err = conn.Prepare(ctx, d.sql.asynchronous, d.sql.asynchronous); err != nil {
			return nil, err
		}
	}
	apply, err := conn.Prepare(ctx, t.apply, t.apply)
	if err != nil {
		return nil, err
	}
	return func(p *pgconn.Pipeline, durable bool, timeout []byte, parameters [][]byte, _ []uint32) {
		settings := synchronous
		if !durable {
			settings = asynchronous
		}
		p.SendQueryStatement(settings, [][]byte{timeout}, nil, nil)
		p.SendQueryStatement(apply, parameters, binaryFormat, binaryFormat)
	}, nil
}

func receiveAll(p *pgconn.Pipeline, batches int) ([]reply, error) {
	answers := make([]reply, 0, batches)
	for range batches {
		a, err := receive(p)
		if err != nil {
			return answers, err
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// receive reads the answers to what one call of a queueFunc queued, up to the
// commit.
func receive(p *pgconn.Pipeline) (reply, error) {
	if _, err := result(p); err != nil {
		return reply{}, err
	}
	counts, err := result(p)
	if err != nil {
		return reply{}, err
	}
	if len(counts) != 3 || len(counts[0]) != 8 || len(counts[1]) != 8 {
		return reply{}, errors.New("the database answered in an unknown form")
	}
	a := reply{
		claimed: binary.BigEndian.Uint64(counts[0]) == 1,
		rows:    int64(binary.BigEndian.Uint64(counts[1])),
	}
	synced, err := p.GetResults()
	if err != nil {
		return reply{}, err
	}
	if _, ok := synced.(*pgconn.PipelineSync); !ok {
		return reply{}, errors.New("the database did not answer the commit")
	}
	return a, nil
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
