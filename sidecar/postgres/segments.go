package postgres

import (
	"encoding/binary"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Segments travel as one bit string, those of all records behind each other, and the
// array of their steps says where each begins. To the server an array of bit strings
// would be one more that is unnested, see sql/incoming.sql, in batches without any, too.
//
// An element of that array has the first byte in its upper 32 bits, then the number of
// bytes, and the step in the lowest 16; 0 for no segments.

// segments are those of an incoming record. The field of their steps is the next one.
func segments(f field) string {
	place := fmt.Sprintf("($%d::bigint[])[r.number]", f.array+1)
	return fmt.Sprintf("CASE WHEN %[1]s > 0 THEN substring($%[2]d::%[3]s\n            "+
		"FROM (%[1]s >> 32)::integer * 8 + 1 FOR ((%[1]s >> 16) & 65535)::integer * 8) END", place, f.array, f.parameter())
}

// appendSegments writes the segments of all records as one bit string: how many bits,
// and the bits.
func appendSegments(f progress.Field, b []byte, records []progress.Record) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	for i := range records {
		b = append(b, f.Segments(&records[i]).Bits...)
	}
	binary.BigEndian.PutUint32(b[start:], uint32(8*(len(b)-start-4)))
	return b
}

// places says where the segments of each record are.
func places() func([]byte, []progress.Record) []byte {
	return func(b []byte, records []progress.Record) []byte {
		first := int64(0)
		for i := range records {
			s := &records[i].Segments
			length := int64(len(s.Bits))
			if length == 0 {
				b = appendBigint(b, 0)
				continue
			}
			b = appendBigint(b, first<<32|length<<16|int64(s.Step))
			first += length
		}
		return b
	}
}

// united is what was seen in either row, at the coarser step.
func (m merge) united(c tableColumn) string {
	l, e := "l."+c.name, "excluded."+c.name
	step := m.columns["watchedStep"].name
	return m.unlessReset(e, fmt.Sprintf(`WHEN %[2]s IS NULL THEN %[1]s
            WHEN %[1]s IS NULL THEN %[2]s
            WHEN l.%[3]s = excluded.%[3]s THEN substring(%[1]s::bit(%[4]d) | %[2]s::bit(%[4]d)
                FROM 1 FOR greatest(length(%[1]s), length(%[2]s)))::bit varying
            ELSE progress_sync.joined_segments(%[1]s, l.%[3]s, %[2]s, excluded.%[3]s)`, l, e, step, progress.MaxSegmentBits))
}

// seenEnough says that the rows together complete their lesson, where they do so by what
// was seen; empty where they don't.
func (m merge) seenEnough() string {
	watched, hasWatched := m.has("watchedSegments")
	step, hasStep := m.has("watchedStep")
	duration, hasDuration := m.has("durationSeconds")
	if m.watchedToComplete <= 0 || !hasWatched || !hasStep || !hasDuration {
		return ""
	}
	// The merged duration as a column, so that it is read in its unit.
	merged := duration
	merged.name = "(" + m.merged(m.field("durationSeconds"), duration) + ")"
	return fmt.Sprintf("progress_sync.watched_percent(%s,\n            %s,\n            %s) >= %v",
		m.merged(m.field("watchedSegments"), watched), m.merged(m.field("watchedStep"), step), merged.uncast("double precision"), m.watchedToComplete)
}

// completed is whether the lesson is completed by either, or by both together.
func (m merge) completed(c tableColumn, either string) string {
	enough := m.seenEnough()
	if enough == "" {
		return m.unlessReset("excluded."+c.name, "ELSE "+either)
	}
	return m.unlessReset("excluded."+c.name, fmt.Sprintf("WHEN %s THEN true\n            ELSE %s", either, enough))
}

// completedAt is the time of the newest report where both together complete the lesson.
func (m merge) completedAt(c tableColumn) string {
	l, e := "l."+c.name, "excluded."+c.name
	least := fmt.Sprintf("least(%s, %s)", l, e)
	enough, watched := m.seenEnough(), m.columns["lastWatchedAt"]
	if enough == "" || watched.name == "" {
		return m.unlessReset(e, "ELSE "+least)
	}
	already := least + " IS NOT NULL"
	if flag, ok := m.has("completed"); ok {
		already += fmt.Sprintf(" OR %s OR excluded.%s", m.old(flag, "false"), flag.name)
	}
	newest := watched
	newest.name = fmt.Sprintf("greatest(l.%[1]s, excluded.%[1]s)", watched.name)
	return m.unlessReset(e, fmt.Sprintf("WHEN %s THEN %s\n            WHEN %s THEN %s", already, least, enough,
		c.cast(newest.uncast("timestamp with time zone"), "timestamp with time zone")))
}
