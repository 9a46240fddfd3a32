package postgres

import (
	"encoding/binary"
	"math"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// column writes one field of some records as an array, each element behind its
// length; or as a single value, without an element.
type column struct {
	array, element uint32 // types
	append         func([]byte, []progress.Record) []byte
}

// columnsOf are the arrays of applySQL, one for each field.
func columnsOf(fields []progress.Field) []column {
	columns := make([]column, 0, len(fields))
	for _, f := range fields {
		columns = append(columns, columnOfField(f))
	}
	return columns
}

func columnOfField(f progress.Field) column {
	switch f.Type {
	case progress.TypeText:
		return column{pgtype.TextArrayOID, pgtype.TextOID, texts(f)}
	case progress.TypeMicroseconds, progress.TypeCount:
		return column{pgtype.Int8ArrayOID, pgtype.Int8OID, func(b []byte, records []progress.Record) []byte {
			for i := range records {
				b = appendBigint(b, *f.Integer(&records[i]))
			}
			return b
		}}
	case progress.TypeGeneration:
		return column{pgtype.Int8ArrayOID, pgtype.Int8OID, func(b []byte, records []progress.Record) []byte {
			for i := range records {
				b = appendBigint(b, int64(*f.Instant(&records[i])))
			}
			return b
		}}
	case progress.TypeFlag:
		return column{pgtype.BoolArrayOID, pgtype.BoolOID, func(b []byte, records []progress.Record) []byte {
			for i := range records {
				b = appendBool(b, *f.Flag(&records[i]))
			}
			return b
		}}
	case progress.TypeTime:
		return column{pgtype.TimestamptzArrayOID, pgtype.TimestamptzOID, func(b []byte, records []progress.Record) []byte {
			for i := range records {
				b = appendInstant(b, *f.Instant(&records[i]))
			}
			return b
		}}
	case progress.TypeSegments:
		return column{pgtype.VarbitOID, 0, func(b []byte, records []progress.Record) []byte { return appendSegments(f, b, records) }}
	case progress.TypeStep:
		return column{pgtype.Int8ArrayOID, pgtype.Int8OID, places()}
	default:
		return column{pgtype.Float8ArrayOID, pgtype.Float8OID, numbers(f)}
	}
}

// texts are null where a last writer's value was never written.
func texts(f progress.Field) func([]byte, []progress.Record) []byte {
	return func(b []byte, records []progress.Record) []byte {
		for i := range records {
			if f.Stamp != nil && *f.Stamp(&records[i]) == (progress.Stamp{}) {
				b = appendNull(b)
			} else {
				b = appendText(b, *f.Text(&records[i]))
			}
		}
		return b
	}
}

// numbers are NaN, which applySQL takes for null, where a last writer's value was
// never written.
func numbers(f progress.Field) func([]byte, []progress.Record) []byte {
	if f.Stamp == nil {
		return func(b []byte, records []progress.Record) []byte {
			for i := range records {
				b = appendFloat(b, *f.Number(&records[i]))
			}
			return b
		}
	}
	return func(b []byte, records []progress.Record) []byte {
		for i := range records {
			v := *f.Number(&records[i])
			if *f.Stamp(&records[i]) == (progress.Stamp{}) {
				v = math.NaN()
			}
			b = appendFloat(b, v)
		}
		return b
	}
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

func appendBool(b []byte, v bool) []byte {
	b = binary.BigEndian.AppendUint32(b, 1)
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendInstant writes never as the least bigint, which is -infinity to the
// server and which applySQL takes for null.
func appendInstant(b []byte, at progress.Instant) []byte {
	if at == 0 {
		return appendBigint(b, math.MinInt64)
	}
	// The bigint after that is refused as out of range, as it should be.
	if at < math.MinInt64+1+postgresEpoch {
		return appendBigint(b, math.MinInt64+1)
	}
	return appendBigint(b, int64(at-postgresEpoch))
}
