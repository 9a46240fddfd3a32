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

// send runs applySQL for each batch of the round, all in one round trip. Up to
// each of the pipeline's synchronization points the server sees one implicit
// transaction. It returns the answers up to the first that is an error; the
// batches behind that one find the ledger where it was, and write nothing.
func (d *Database) send(ctx context.Context, conn *pgx.Conn, options Options, t *target, r round) ([]reply, error) {
	e := d.encoders.Get().(*encoder)
	defer d.encoders.Put(e)
	queue, err := d.prepare(ctx, conn, options, t, len(r.batches) > 1)
	if err != nil {
		return nil, err
	}
	timeout := []byte(serverTimeout(ctx, options.StatementTimeout))
	pipeline := conn.PgConn().StartPipeline(ctx)
	last, unsent := len(r.batches)-1, 0
	for i, b := range r.batches {
		parameters, types := e.encode(r.id, int64(b.Number), r.before(i), b, t.fixed)
		queue(pipeline, i == last, timeout, parameters, types)
		pipeline.SendPipelineSync()
		// The server works on a large batch while the next is encoded.
		if unsent += len(b.Records); unsent < flushRecords && i < last {
			continue
		}
		if err := pipeline.Flush(); err != nil {
			return nil, errors.Join(err, pipeline.Close())
		}
		unsent = 0
	}
	answers, err := receiveAll(pipeline, len(r.batches))
	// Closing reads what is left, where an error of the server's is of a
	// batch that the answers have ended before.
	closing := pipeline.Close()
	if lost := conn.IsClosed(); lost || err == nil && closing != nil {
		return nil, errors.Join(err, closing)
	}
	return answers, err
}

// queueFunc queues the statements of one batch.
type queueFunc func(p *pgconn.Pipeline, durable bool, timeout []byte, parameters [][]byte, types []uint32)

// prepare returns how to queue the statements. Prepared statements save the
// server their planning; without them every type is known here, so that no
// round trip asks for one.
func (d *Database) prepare(ctx context.Context, conn *pgx.Conn, options Options, t *target, several bool) (queueFunc, error) {
	binaryFormat := []int16{pgx.BinaryFormatCode}
	if options.ExecMode != config.ExecModeCacheStatement {
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
	if len(counts) != 2 || len(counts[0]) != 8 || len(counts[1]) != 8 {
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
