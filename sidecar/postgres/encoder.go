package postgres

import (
	"encoding/binary"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// postgresEpoch is 2000-01-01, from which PostgreSQL counts, in microseconds
// since 1970.
const postgresEpoch = 946_684_800_000_000

// encoder writes the parameters of applySQL in PostgreSQL's binary formats.
// It keeps its memory from one batch to the next.
type encoder struct {
	columns []column
	// types of all parameters, so that the statement can be sent without asking the
	// server for them.
	types []uint32

	buf    []byte
	ends   []int
	values [][]byte
}

func newEncoder() *encoder {
	e := &encoder{
		columns: columnsOf(progress.Fields()),
		types:   []uint32{pgtype.UUIDOID, pgtype.Int4OID, pgtype.UUIDOID, pgtype.Int8OID, pgtype.Int8OID, pgtype.Int8OID},
	}
	for _, c := range e.columns {
		e.types = append(e.types, c.array)
	}
	return e
}

// encode returns the parameters, in the order of applySQL, and their types,
// valid until the next call.
func (e *encoder) encode(id identity, number, prev int64, b progress.Batch, fixed [][]byte) ([][]byte, []uint32) {
	e.buf, e.ends, e.values = e.buf[:0], e.ends[:0], e.values[:0]
	e.buf = append(e.buf, id.writer[:]...)
	e.end()
	e.buf = binary.BigEndian.AppendUint32(e.buf, uint32(b.Lane))
	e.end()
	e.buf = append(e.buf, id.owner[:]...)
	e.end()
	e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(number))
	e.end()
	e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(prev))
	e.end()
	e.buf = binary.BigEndian.AppendUint64(e.buf, b.ID)
	e.end()
	for i := range e.columns {
		e.array(&e.columns[i], b.Records)
	}
	start := 0
	for _, end := range e.ends {
		e.values = append(e.values, e.buf[start:end:end])
		start = end
	}
	e.types = e.types[:len(e.values)]
	for _, value := range fixed {
		e.values, e.types = append(e.values, value), append(e.types, pgtype.TextOID)
	}
	return e.values, e.types
}

func (e *encoder) end() { e.ends = append(e.ends, len(e.buf)) }

// array writes one column of the records: dimensions, whether there are nulls,
// element type, length and lower bound, then the elements.
func (e *encoder) array(c *column, records []progress.Record) {
	if c.element == 0 {
		e.buf = c.append(e.buf, records)
		e.end()
		return
	}
	dimensions := uint32(1)
	if len(records) == 0 {
		dimensions = 0
	}
	e.buf = binary.BigEndian.AppendUint32(e.buf, dimensions)
	e.buf = binary.BigEndian.AppendUint32(e.buf, 1)
	e.buf = binary.BigEndian.AppendUint32(e.buf, c.element)
	if dimensions == 1 {
		e.buf = binary.BigEndian.AppendUint32(e.buf, uint32(len(records)))
		e.buf = binary.BigEndian.AppendUint32(e.buf, 1)
	}
	e.buf = c.append(e.buf, records)
	e.end()
}
