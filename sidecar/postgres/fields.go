package postgres

import "github.com/progress-sync/progress-sync/sidecar/progress"

// class is the kind of type that a column must have.
type class int

const (
	textClass class = iota // text, uuid or a number: what an id may be
	numberClass
	booleanClass
	timeClass
	bitsClass
)

func (c class) String() string {
	switch c {
	case textClass:
		return "a text, uuid or number type"
	case numberClass:
		return "a number type"
	case booleanClass:
		return "boolean"
	case bitsClass:
		return "bit varying of 1024 bits or more"
	default:
		return "timestamp with or without time zone"
	}
}

// field is a field of a record as a column.
type field struct {
	progress.Field
	class class
	// own is the column's type in progress_sync.lesson_progress, wire that of its
	// values on the way there.
	own, wire string
	// array is the parameter of applySQL that has the values, as an array but for
	// segments.
	array int
}

// parameter is the type of the parameter that has the values.
func (f field) parameter() string {
	if f.Type == progress.TypeSegments {
		return f.wire
	}
	return f.wire + "[]"
}

// fieldsOf are the fields of a table of fields, in its order.
func fieldsOf(table []progress.Field) []field {
	const (
		double    = "double precision"
		bigint    = "bigint"
		timestamp = "timestamp with time zone"
	)
	fields := make([]field, 0, len(table))
	for i, f := range table {
		c := field{Field: f, array: firstArray + i}
		switch f.Type {
		case progress.TypeText:
			c.class, c.own, c.wire = textClass, "text", "text"
		case progress.TypeMicroseconds:
			c.class, c.own, c.wire = numberClass, double, bigint
		case progress.TypeCount, progress.TypeGeneration:
			c.class, c.own, c.wire = numberClass, bigint, bigint
		case progress.TypeFlag:
			c.class, c.own, c.wire = booleanClass, "boolean", "boolean"
		case progress.TypeTime:
			c.class, c.own, c.wire = timeClass, timestamp, timestamp
		case progress.TypeSegments:
			c.class, c.own, c.wire = bitsClass, "bit varying", "bit varying"
		case progress.TypeStep:
			c.class, c.own, c.wire = numberClass, "smallint", bigint
		default:
			c.class, c.own, c.wire = numberClass, double, double
		}
		fields = append(fields, c)
	}
	return fields
}

// recordFields are the fields of every record.
func recordFields() []field { return fieldsOf(progress.Fields()) }
