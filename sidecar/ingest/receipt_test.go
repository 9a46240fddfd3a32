package ingest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

func TestAReceiptHasWhatAPageCannotKnow(t *testing.T) {
	at := progress.InstantOf(time.Date(2026, 3, 1, 10, 0, 1, 500_000_000, time.UTC))
	key := progress.Key{UserID: "u", CourseID: "c", LessonID: "l"}
	for name, c := range map[string]struct {
		result buffer.Result
		want   string
	}{
		"of a lesson that goes on": {
			buffer.Result{Record: progress.Record{Key: key, Position: 4.5, Percentage: 10, LastWatchedAt: at, UpdateCount: 2}},
			`{"positionSeconds":4.5,"percentage":10,"lastWatchedAt":"2026-03-01T10:00:01.5Z"}`,
		},
		"of a lesson that was reset and is completed": {
			buffer.Result{Record: progress.Record{Key: key, Completed: true, Generation: 7, UpdateCount: 1}},
			`{"positionSeconds":0,"percentage":0,"completed":true,"generation":7}`,
		},
		"of a repeat of what is saved": {buffer.Result{Record: progress.Record{Key: key}, Duplicate: true}, `{"saved":true}`},
		"of what was refused":          {buffer.Result{Err: buffer.ErrFull}, `null`},
	} {
		if got := string(preferReceipt.append(nil, &c.result)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// What a receipt has of the sync state is what any answer has.
func TestABriefSyncStateIsAPartOfTheWhole(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC)
	for name, s := range map[string]state.SyncState{
		"nothing":    {Writer: "w"},
		"everything": {PendingUpdates: 3, NextSyncAt: &at, Error: &state.SyncError{Kind: "network", Message: "<\"é\">"}, Writer: "w"},
	} {
		var brief, whole map[string]any
		if err := json.Unmarshal(appendBriefSync(nil, &s, name != "nothing"), &brief); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(appendSyncState(nil, &s, name != "nothing"), &whole); err != nil {
			t.Fatal(err)
		}
		for _, left := range []string{"status", "lastSyncedAt", "retryCount"} {
			delete(whole, left)
		}
		for member, value := range whole {
			if value == nil {
				delete(whole, member)
			}
		}
		if diff := cmp.Diff(whole, brief); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestAnAnswerSaysWhichPreferenceItGoesBy(t *testing.T) {
	for prefer, want := range map[string]string{
		"": "", "return=representation": "", "Return=Minimal;x": "return=minimal", "wait=5, return=receipt": "return=receipt",
	} {
		for _, body := range []string{item("a"), "[" + item("a") + ",1]"} {
			d := newDesk()
			r := post(body)
			r.Header.Set("Prefer", prefer)
			if got := d.ask(t, r).header.Get("Preference-Applied"); got != want {
				t.Errorf("%q, asked with %s: %q, want %q", prefer, body, got, want)
			}
		}
	}
}
