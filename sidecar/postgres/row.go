package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// row reads the rows of snapshotSQL, one after the other.
type row struct {
	numbers []int64
	visible bool
	cells   []*cell
	targets []any
}

func newRow(fields []progress.Field) *row {
	r := &row{}
	r.targets = append(r.targets, &r.numbers, &r.visible)
	for _, f := range fields {
		if f.Column == "" {
			continue
		}
		c := &cell{field: f}
		r.cells, r.targets = append(r.cells, c), append(r.targets, c.target())
	}
	return r
}

// scan reads the current row. Where nothing is saved there is one, in which the
// learner, the first field, is null.
func (r *row) scan(rows pgx.Rows) (record progress.Record, saved bool, err error) {
	if err := rows.Scan(r.targets...); err != nil || !r.cells[0].text.Valid {
		return progress.Record{}, false, err
	}
	for _, c := range r.cells {
		c.give(&record)
	}
	// What another program made of them may be none.
	record.Segments, _ = progress.SegmentsFrom(record.Segments.Step, []byte(record.Segments.Bits))
	return record, true, nil
}

// cell is the value of one field, which may be null.
type cell struct {
	field   progress.Field
	text    pgtype.Text
	number  pgtype.Float8
	integer pgtype.Int8
	flag    pgtype.Bool
	time    pgtype.Timestamptz
	bits    pgtype.Bits
}

func (c *cell) target() any {
	switch c.field.Type {
	case progress.TypeText:
		return &c.text
	case progress.TypeCount, progress.TypeGeneration:
		return &c.integer
	case progress.TypeFlag:
		return &c.flag
	case progress.TypeTime:
		return &c.time
	case progress.TypeSegments:
		return &c.bits
	case progress.TypeStep:
		return &c.integer
	default:
		return &c.number
	}
}

// give puts the value into a record, in which null is zero.
func (c *cell) give(r *progress.Record) {
	switch c.field.Type {
	case progress.TypeText:
		*c.field.Text(r) = c.text.String
	case progress.TypeMicroseconds:
		*c.field.Integer(r) = progress.Micros(c.number.Float64)
	case progress.TypeCount:
		*c.field.Integer(r) = c.integer.Int64
	case progress.TypeGeneration:
		*c.field.Instant(r) = progress.Instant(c.integer.Int64)
	case progress.TypeFlag:
		*c.field.Flag(r) = c.flag.Bool
	case progress.TypeTime:
		*c.field.Instant(r) = instantOf(c.time)
	case progress.TypeSegments:
		c.field.Segments(r).Bits = string(c.bits.Bytes)
	case progress.TypeStep:
		*c.field.Step(r) = int32(c.integer.Int64)
	default:
		*c.field.Number(r) = c.number.Float64
	}
}

func instantOf(t pgtype.Timestamptz) progress.Instant {
	if !t.Valid {
		return 0
	}
	return progress.InstantOf(t.Time)
}
