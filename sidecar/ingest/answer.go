package ingest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

// recordAnswer is a record in an answer.
type recordAnswer struct {
	record  *progress.Record
	pending int64 // the number of its updates that are not saved yet
}

// MarshalJSON implements json.Marshaler.
func (a recordAnswer) MarshalJSON() ([]byte, error) {
	return append(appendRecord(make([]byte, 0, recordBytes), a.record, a.pending), '}'), nil
}

// resultAnswer is what the sidecar holds of a key after an update.
type resultAnswer struct{ *buffer.Result }

// MarshalJSON implements json.Marshaler.
func (a resultAnswer) MarshalJSON() ([]byte, error) { return appendResult(nil, a.Result), nil }

// syncAnswer is a sync state in an answer.
type syncAnswer struct {
	state.SyncState
	// Quarantined is how many records the database refused during POST /v1/sync.
	Quarantined int `json:"quarantined,omitempty"`
	// Stale says that the learner's home was not asked, so that more may wait.
	Stale bool `json:"stale,omitempty"`
}

func answerSync(s state.SyncState, stale bool) syncAnswer {
	s.LastSyncedAt, s.NextSyncAt = inUTC(s.LastSyncedAt), inUTC(s.NextSyncAt)
	return syncAnswer{SyncState: s, Stale: stale}
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// timeOf is a time in an answer, nil for never.
func timeOf(i progress.Instant) *time.Time {
	if i == 0 {
		return nil
	}
	t := i.Time()
	return &t
}

// writeJSON sends an answer that is not a problem.
func (h *Handler) writeJSON(w http.ResponseWriter, status int, answer any) {
	h.write(w, status, append(encode(answer), '\n'))
}

// encode is an answer, or a part of one, as JSON. What comes for each update is
// written without it: encoding/json takes seven times as long for records, and
// memory that the room for an answer does not count.
func encode(answer any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		panic(err) // answers hold nothing that JSON can't express
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}
