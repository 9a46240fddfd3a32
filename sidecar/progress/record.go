package progress

import "cmp"

// Stamp orders the writers of a last-writer-wins field: by the time of the
// event, then by arrival. The zero Stamp means that nobody wrote the field.
type Stamp struct {
	At       Instant
	Received Instant
}

// Compare is negative when s was written before o.
func (s Stamp) Compare(o Stamp) int {
	if c := cmp.Compare(s.At, o.At); c != 0 {
		return c
	}
	return cmp.Compare(s.Received, o.Received)
}

// Record is the merged progress of one key: of one update, of all that waits in
// the buffer, or of the whole history in the database. Sums hold what was
// added by the updates that it stands for.
type Record struct {
	Key
	// Generation is the instant of the newest reset that the record knows of,
	// zero for none. See Merge and Raise.
	Generation Instant

	ModuleID      string
	Position      float64 // seconds, by the last writer
	MaxPosition   float64 // seconds
	Duration      float64 // seconds, by the last writer
	Percentage    float64 // 0 to 100
	Watched       float64 // seconds, absolute
	TimeSpent     int64   // microseconds, a sum
	SeekEvents    int64
	PauseEvents   int64
	PlaybackSpeed float64
	UpdateCount   int64

	ModuleStamp   Stamp
	PositionStamp Stamp
	DurationStamp Stamp
	SpeedStamp    Stamp

	Completed      bool
	CompletedAt    Instant
	FirstWatchedAt Instant
	LastWatchedAt  Instant
	// ReceivedAt is when the newest of the updates reached a sidecar.
	ReceivedAt Instant
	// Segments are what was seen.
	Segments Segments
	// LeftAt is when the learner was last said to leave, zero for never or where nobody
	// asks. They have left if nothing is of a later time. See Departure.
	LeftAt Instant
}

// Merge joins two records of one key. The record of the higher generation wins
// whole; within a generation sums add, maxima and completion only rise, segments are
// united, and other fields go to their last writer. Merge is commutative and associative.
func Merge(a, b Record) Record {
	if a.Generation != b.Generation {
		if a.Generation > b.Generation {
			return a
		}
		return b
	}
	m := a
	if lastWriter(b.ModuleStamp, a.ModuleStamp, cmp.Compare(b.ModuleID, a.ModuleID)) {
		m.ModuleID, m.ModuleStamp = b.ModuleID, b.ModuleStamp
	}
	if lastWriter(b.PositionStamp, a.PositionStamp, cmp.Compare(b.Position, a.Position)) {
		m.Position, m.PositionStamp = b.Position, b.PositionStamp
	}
	if lastWriter(b.DurationStamp, a.DurationStamp, cmp.Compare(b.Duration, a.Duration)) {
		m.Duration, m.DurationStamp = b.Duration, b.DurationStamp
	}
	if lastWriter(b.SpeedStamp, a.SpeedStamp, cmp.Compare(b.PlaybackSpeed, a.PlaybackSpeed)) {
		m.PlaybackSpeed, m.SpeedStamp = b.PlaybackSpeed, b.SpeedStamp
	}
	m.MaxPosition = max(a.MaxPosition, b.MaxPosition)
	m.Percentage = max(a.Percentage, b.Percentage)
	m.Watched = max(a.Watched, b.Watched)
	m.Segments = a.Segments.Join(b.Segments)
	more := b.sums()
	for i, sum := range m.sums() {
		*sum += *more[i]
	}
	m.Completed = a.Completed || b.Completed
	m.CompletedAt = earliest(a.CompletedAt, b.CompletedAt)
	m.FirstWatchedAt = earliest(a.FirstWatchedAt, b.FirstWatchedAt)
	m.LastWatchedAt = max(a.LastWatchedAt, b.LastWatchedAt)
	m.ReceivedAt = max(a.ReceivedAt, b.ReceivedAt)
	m.LeftAt = max(a.LeftAt, b.LeftAt)
	return m
}

// IsDeparture reports whether the record says nothing but that its learner left.
func (r *Record) IsDeparture() bool {
	return r.LeftAt != 0 && r.UpdateCount == 0 && r.Generation == 0
}

// Accepted is the number of accepted updates that the record stands for; a reset counts
// as one, and a departure as none.
func (r *Record) Accepted() int64 {
	if r.IsDeparture() {
		return 0
	}
	return max(r.UpdateCount, 1)
}

// lastWriter reports whether b is written after a. Equal stamps, which only two
// sidecars can make, go to the greater value, so that the order of merging does
// not matter.
func lastWriter(b, a Stamp, values int) bool {
	if c := b.Compare(a); c != 0 {
		return c > 0
	}
	return values > 0
}

func earliest(a, b Instant) Instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Reset is the record that starts a key anew at the given instant, which
// becomes its generation.
func Reset(key Key, at Instant) Record {
	return Record{Key: key, Generation: at, ReceivedAt: at}
}

// Raise lifts r to the given generation if r has heard of no such reset but its
// newest update came in after it: another pod reset the key meanwhile, and what
// the learner did since then must not be thrown away. The database's upsert
// applies the same rule.
func (r Record) Raise(generation Instant) Record {
	if r.Generation < generation && r.ReceivedAt > generation {
		r.Generation = generation
	}
	return r
}
