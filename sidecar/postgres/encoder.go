package postgres

import (
	"encoding/binary"
	"math"

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
	types   []uint32 // of all parameters

	buf    []byte
	ends   []int
	values [][]byte
}

func newEncoder() *encoder {
	return &encoder{columns: columns(), types: parameterTypes()}
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
// element type, length and lower bound, then each element behind its length.
func (e *encoder) array(c *column, records []progress.Record) {
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
	for i := range records {
		e.buf = c.append(e.buf, &records[i])
	}
	e.end()
}

// column is one of the arrays of applySQL.
type column struct {
	array   uint32 // type of the array
	element uint32
	append  func([]byte, *progress.Record) []byte
}

func text(get func(*progress.Record) string) column {
	return column{pgtype.TextArrayOID, pgtype.TextOID, func(b []byte, r *progress.Record) []byte {
		return appendText(b, get(r))
	}}
}

func number(get func(*progress.Record) float64) column {
	return column{pgtype.Float8ArrayOID, pgtype.Float8OID, func(b []byte, r *progress.Record) []byte {
		return appendFloat(b, get(r))
	}}
}

// stampedNumber is NaN, which applySQL takes for null, where nobody wrote the
// value.
func stampedNumber(get func(*progress.Record) (float64, progress.Stamp)) column {
	return column{pgtype.Float8ArrayOID, pgtype.Float8OID, func(b []byte, r *progress.Record) []byte {
		v, stamp := get(r)
		if stamp == (progress.Stamp{}) {
			v = math.NaN()
		}
		return appendFloat(b, v)
	}}
}

func bigint(get func(*progress.Record) int64) column {
	return column{pgtype.Int8ArrayOID, pgtype.Int8OID, func(b []byte, r *progress.Record) []byte {
		return appendBigint(b, get(r))
	}}
}

// instant is the least bigint for never, which is -infinity to the server and
// which applySQL takes for null.
func instant(get func(*progress.Record) progress.Instant) column {
	return column{pgtype.TimestamptzArrayOID, pgtype.TimestamptzOID, func(b []byte, r *progress.Record) []byte {
		at := int64(get(r))
		if at == 0 {
			return appendBigint(b, math.MinInt64)
		}
		// The bigint after that is refused as out of range, as it should be.
		if at < math.MinInt64+1+postgresEpoch {
			return appendBigint(b, math.MinInt64+1)
		}
		return appendBigint(b, at-postgresEpoch)
	}}
}

func boolean(get func(*progress.Record) bool) column {
	return column{pgtype.BoolArrayOID, pgtype.BoolOID, func(b []byte, r *progress.Record) []byte {
		b = binary.BigEndian.AppendUint32(b, 1)
		if get(r) {
			return append(b, 1)
		}
		return append(b, 0)
	}}
}

func appendNull(b []byte) []byte { return binary.BigEndian.AppendUint32(b, math.MaxUint32) }

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

func appendFloat(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), math.Float64bits(v))
}

func appendBigint(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), uint64(v))
}
