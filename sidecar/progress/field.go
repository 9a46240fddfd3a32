package progress

// Type is what a field's values are, in Go, in JSON and in SQL.
type Type int

const (
	TypeText         Type = iota // string; text
	TypeSeconds                  // float64; double precision
	TypePercent                  // float64, 0 to 100; double precision
	TypeFactor                   // float64 above 0, 0 for none; double precision
	TypeMicroseconds             // int64, in JSON and SQL as seconds; double precision
	TypeCount                    // int64; bigint
	TypeFlag                     // bool; boolean
	TypeTime                     // Instant; timestamp with time zone
	TypeGeneration               // Instant, in JSON and SQL as whole microseconds since 1970; bigint
	TypeSegments                 // Segments, in JSON as pairs of seconds, in SQL as the bits; bit varying
	TypeStep                     // int32, the step of Segments; smallint
)

// Rule is how the values of two records of one key become one, within a
// generation. Merge applies the rules.
type Rule int

const (
	RuleKey           Rule = iota // both have the same
	RuleLastWriter                // the value of the later stamp
	RuleGreatest                  // the greater one
	RuleLeast                     // the smaller one, of those that are there
	RuleSum                       // added
	RuleEither                    // true if one is
	RuleGeneration                // the greater one, whose record wins whole
	RuleStampAt                   // the time of a last writer's stamp
	RuleStampReceived             // the arrival of a last writer's stamp
	RuleUnion                     // what is in either, at the coarser step
	RuleStep                      // the step of a union, the coarser one
)

// Field is an entry of the table of fields: all that there is to know of a
// field for keeping it on disk and in Postgres, and for reading and writing it as
// JSON.
type Field struct {
	Name   string // in JSON and in a table mapping, such as "positionSeconds"
	Column string // in progress_sync.lesson_progress, empty for none in any table
	Type   Type
	Rule   Rule
	// Part is the field's number in the spool, from 1; it is never changed or
	// used again. A field that the spool writes in every record has none.
	Part int
	// Hidden fields are in no answer.
	Hidden bool
	// Doc describes the field in an answer, empty if its name says it all.
	Doc string

	// Where a record keeps the value. The one for the type is set.
	Text     func(*Record) *string
	Number   func(*Record) *float64 // TypeSeconds, TypePercent, TypeFactor
	Integer  func(*Record) *int64   // TypeMicroseconds, TypeCount
	Flag     func(*Record) *bool
	Instant  func(*Record) *Instant // TypeTime, TypeGeneration
	Segments func(*Record) *Segments
	Step     func(*Record) *int32
	// Stamp is set for RuleLastWriter; StampName and StampColumn begin the names
	// of its two fields.
	Stamp                  func(*Record) *Stamp
	StampName, StampColumn string

	// Input is what an update says for the field, nil for nothing.
	Input *Input
}

// At is the name of the field that has the time of a last writer's stamp.
func (f Field) At() string { return f.StampName + "At" }

// Received is the name of the field that has the arrival of a last writer's stamp.
func (f Field) Received() string { return f.StampName + "ReceivedAt" }

// IsOptional reports whether an answer leaves the field out while it is zero.
func (f Field) IsOptional() bool {
	switch f.Type {
	case TypeText, TypeFactor, TypeTime, TypeSegments:
		return f.Rule != RuleKey
	default:
		return false
	}
}

// Input is a field of an update.
type Input struct {
	Name     string // in JSON, such as "currentTime"
	Type     Type   // any but TypeMicroseconds, TypeGeneration and TypeStep
	Required bool   // only of TypeText
	Range    Range  // of numbers
	Doc      string // for the description of the API
	// Hint says that it is about when to write. A hint goes to another sidecar behind
	// the updates, where one that knows no hints does not look.
	Hint bool

	// Where an update keeps the value. The one for the type is set.
	Text     func(*Update) *string
	Number   func(*Update) *Number // TypeSeconds, TypePercent, TypeFactor
	Integer  func(*Update) *int64  // TypeCount
	Flag     func(*Update) *bool
	Instant  func(*Update) *Instant
	Segments func(*Update) *Segments
}

// stampFields are the fields of a last writer's stamp.
func (f Field) stampFields() []Field {
	return []Field{
		{
			Name: f.At(), Column: f.StampColumn + "_at", Type: TypeTime, Rule: RuleStampAt, Hidden: true,
			Instant: func(r *Record) *Instant { return &f.Stamp(r).At }, StampName: f.StampName,
		},
		{
			Name: f.Received(), Column: f.StampColumn + "_received_at", Type: TypeTime, Rule: RuleStampReceived, Hidden: true,
			Instant: func(r *Record) *Instant { return &f.Stamp(r).Received }, StampName: f.StampName,
		},
	}
}

// MaxText is the longest text, in characters.
const MaxText = 255
