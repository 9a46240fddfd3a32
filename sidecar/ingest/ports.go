package ingest

import (
	"context"
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/stats"
)

// Buffer is where accepted updates go; *buffer.Buffer is one.
type Buffer interface {
	Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error)
	Unsaved(filter buffer.Filter) []buffer.Unsaved
	Tally(filter buffer.Filter) buffer.Tally
	Lanes() int
	Applied(lane int) uint64
	Progressed() <-chan struct{}
	DeadLetters
}

// DeadLetters are the records that the database refused.
type DeadLetters interface {
	ListDeadLetters(after uint64, limit int) (letters []buffer.DeadLetter, more bool, err error)
	DeadLetter(id uint64) (buffer.DeadLetter, error)
	ReplayDeadLetter(id uint64) error
	DeleteDeadLetter(id uint64) error
	// Quarantined counts the updates in those that the filter matches.
	Quarantined(filter buffer.Filter) (updates int64, err error)
}

// Syncer writes what the filter matches to the database now, and returns when
// it is saved, with a *flush.NotSavedError when it can't be, or when ctx ends;
// *flush.Flusher is one.
type Syncer interface {
	Sync(ctx context.Context, filter buffer.Filter) error
}

// Eraser removes all of a learner from the spool and the database, without
// which it is finished later; *flush.Flusher is one.
type Eraser interface {
	Erase(ctx context.Context, userID string) (flush.Erased, error)
}

// Saved is what the database holds at one moment.
type Saved struct {
	Records []progress.Record
	// Applied is the number of the last batch of this sidecar that the records
	// include, for each lane.
	Applied []uint64
	// Forms tells which keys share a row, nil if none do; with it Records may hold
	// more of the learner than was asked for.
	Forms *postgres.KeyForms
}

// Homes hands requests of a learner on to the sidecar that keeps what the learner does.
type Homes interface {
	// Forward answers w with what the learner's home answers to r, for a learner whom
	// userHeader speaks for, if that is not empty. It reports false, and has written
	// nothing, where this sidecar has to answer; missed says that another one should have,
	// may have more, or that this is not known.
	Forward(w http.ResponseWriter, r *http.Request, userID, userHeader string) (answered, missed bool)
	// MayBeBehind reports whether this sidecar, which is asked as a learner's home, may
	// not have all that the learner did.
	MayBeBehind(userID string) bool
	// Told reports whether it is known who else there is. Before that any other sidecar may
	// be the home of a learner.
	Told() bool
	// IsElsewhere reports whether another sidecar is the learner's home.
	IsElsewhere(userID string) bool
	// All sends r, which has no body, to every other sidecar that may be a home, all at
	// the same time. For each it returns the body of its answer, or nil if it has not
	// done what was asked when the context of r ends.
	All(r *http.Request) [][]byte
	// WhileHome returns a context that ends when the learner has another home than at
	// the call. end frees what that takes.
	WhileHome(ctx context.Context, userID string) (while context.Context, end func())
}

// Reader asks the database.
type Reader interface {
	Read(ctx context.Context, filter buffer.Filter) (Saved, error)
}

// Statistics asks the database beside what writes, so that no report keeps progress
// waiting, and keeps the catalogue of courses.
type Statistics interface {
	// Listed is what the catalogue says of records, and of one course more unless that
	// is empty.
	Listed(ctx context.Context, courseID string, records []progress.Record) (stats.Catalogue, error)
	// CourseLessons may be a little old.
	CourseLessons(ctx context.Context, courseID string) (stats.CourseLessons, error)
	// Catalogue is what was put for a course, empty if nothing was.
	Catalogue(ctx context.Context, courseID string) ([]stats.Lesson, error)
	// PutCatalogue replaces it, by none if there are no lessons, and counts the
	// differences.
	PutCatalogue(ctx context.Context, courseID string, lessons []stats.Lesson) (changed int64, err error)
}

// State tells how syncing goes, and counts what came in; *state.State is one.
type State interface {
	SyncState() state.SyncState
	// SyncStateOf is the state of a part.
	SyncStateOf(part state.Part) state.SyncState
	// Changed is closed at the next change of either.
	Changed() <-chan struct{}
	// RecordsChanged tells of records that were removed or replayed, which no
	// update did.
	RecordsChanged()
	// Streaming counts streams that begin, with 1, or end, with -1.
	Streaming(delta int)
	// Accepted counts updates that are on disk, and how many of them were
	// merged into a record that was there already.
	Accepted(updates, merged int)
	// Repeated counts updates that were acknowledged and not merged again.
	Repeated(updates int)
	// Received counts the bytes of a body as it was sent and as it is unpacked.
	Received(c coding.Coding, sent, unpacked int)
	// Standard counts accepted events in the form of a standard.
	Standard(s config.Standard, outcome standards.Outcome, events int)
	// Rejected counts refused updates, or bodies whose updates can't be told
	// apart as one. reason is one of Reasons.
	Rejected(reason string, updates int)
}
