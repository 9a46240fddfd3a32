package progress

import (
	"math"
	"strings"
	"time"
)

// Key names one learner in one lesson of one course.
type Key struct {
	UserID   string
	CourseID string
	LessonID string
}

// Compare orders keys by user, course and lesson, byte by byte. Batches are
// written in this order, so that concurrent writers lock rows alike.
func (k Key) Compare(o Key) int {
	if c := strings.Compare(k.UserID, o.UserID); c != 0 {
		return c
	}
	if c := strings.Compare(k.CourseID, o.CourseID); c != 0 {
		return c
	}
	return strings.Compare(k.LessonID, o.LessonID)
}

// Instant is a point in time in microseconds since the Unix epoch, the
// resolution of PostgreSQL's timestamptz. Zero means "never".
type Instant int64

// InstantOf truncates t to microseconds; the zero time is the zero Instant.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMicro())
}

// Time returns i in UTC, and the zero time for the zero Instant.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(i)).UTC()
}

// Number is a value that an update may leave out.
type Number struct {
	Value float64
	Set   bool
}

// Some is a Number that was given.
func Some(v float64) Number { return Number{Value: v, Set: true} }

// MaxSkew is how far an update's own time may lie after its arrival. A later
// one is pulled back to that point, so that a wrong clock on one device cannot
// win every later comparison.
const MaxSkew = 5 * time.Second

// Update is one report of an app about one key. Times in seconds; SeekEvents,
// PauseEvents and WatchedDelta count since the last update of that client.
type Update struct {
	Key
	ModuleID        string
	EventID         string
	CurrentTime     Number
	Duration        Number
	Percentage      Number
	WatchedDuration Number
	WatchedDelta    Number
	PlaybackSpeed   Number
	SeekEvents      int64
	PauseEvents     int64
	Completed       bool
	// OccurredAt is when it happened by the client's clock, zero if not given.
	OccurredAt Instant
	// SentAt is what the client's clock said when the update was sent, zero if
	// not given.
	SentAt Instant
	// ReportedAt is the client's OccurredAt where a guess about its clock has
	// changed that, zero otherwise.
	ReportedAt Instant
	// Leaving and SyncWithin say when to write, and are no part of a record but as
	// Record.LeftAt, where somebody asks for that.
	//
	// Leaving says that the learner may be about to go, so that nothing more comes.
	Leaving bool
	// SyncWithin is how many seconds the update may wait to be written.
	SyncWithin Number
	// WatchedSegments are what was seen. See SegmentsOf.
	WatchedSegments Segments
}

// IsHint reports whether the update says when to write and nothing of what the learner
// did. It is no part of any record.
func (u *Update) IsHint() bool {
	if !u.Leaving && !u.SyncWithin.Set {
		return false
	}
	rest := *u
	rest.Key, rest.EventID = Key{}, ""
	rest.OccurredAt, rest.SentAt, rest.ReportedAt = 0, 0, 0
	rest.Leaving, rest.SyncWithin = false, Number{}
	return rest == Update{}
}

// Record turns the update into a record of its own, as received at the given
// instant. Percentage falls back to CurrentTime/Duration of this update, and a
// percentage of at least completionThreshold (0 to 100, 0 for never) completes
// the lesson.
func (u Update) Record(received Instant, completionThreshold float64) Record {
	occurred := u.occurred(received)
	stamp := Stamp{At: occurred, Received: received}
	r := Record{
		Key:            u.Key,
		SeekEvents:     u.SeekEvents,
		PauseEvents:    u.PauseEvents,
		FirstWatchedAt: occurred,
		LastWatchedAt:  occurred,
		ReceivedAt:     received,
		UpdateCount:    1,
	}
	if u.ModuleID != "" {
		r.ModuleID, r.ModuleStamp = u.ModuleID, stamp
	}
	if u.CurrentTime.Set {
		r.Position, r.PositionStamp = u.CurrentTime.Value, stamp
		r.MaxPosition = u.CurrentTime.Value
	}
	if u.Duration.Set {
		r.Duration, r.DurationStamp = u.Duration.Value, stamp
	}
	if u.PlaybackSpeed.Set {
		r.PlaybackSpeed, r.SpeedStamp = u.PlaybackSpeed.Value, stamp
	}
	switch {
	case u.Percentage.Set:
		r.Percentage = u.Percentage.Value
	case u.CurrentTime.Set && u.Duration.Set && u.Duration.Value > 0:
		r.Percentage = min(100, 100*u.CurrentTime.Value/u.Duration.Value)
	}
	r.Watched = u.WatchedDuration.Value
	r.Segments = u.WatchedSegments
	r.TimeSpent = Micros(u.WatchedDelta.Value)
	if u.Completed || completionThreshold > 0 && r.Percentage >= completionThreshold {
		r.Completed, r.CompletedAt = true, occurred
	}
	return r
}

// occurred is when the update happened, as far as can be believed.
func (u Update) occurred(received Instant) Instant {
	if u.OccurredAt == 0 {
		return received
	}
	return min(u.OccurredAt, received+Instant(MaxSkew.Microseconds()))
}

// Departure is the record of an update that says nothing but that the learner leaves. It
// stands for no update and is of no generation, so that a table's row is not changed by
// it.
func (u Update) Departure(received Instant) Record {
	return Record{Key: u.Key, ReceivedAt: received, LeftAt: u.occurred(received)}
}

// Micros rounds seconds to whole microseconds. Sums are kept in integers, since
// adding floating-point numbers in another order gives another sum.
func Micros(seconds float64) int64 { return int64(math.Round(seconds * 1e6)) }
