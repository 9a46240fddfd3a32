package outbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

func week() int { return 7 }

func TestEventsAreCloudEvents(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.FixedZone("", 3600))
	place := postgres.EventPlace{Xid: 1 << 40, Seq: 3, AsOf: at, Life: "0123456789abcdef"}
	db := &fakeDatabase{page: postgres.EventPage{
		Database: "l m/s", Target: `"public"."completion"`, Next: place, HeldBack: time.Minute,
		Events: []postgres.Event{{ID: "i", Type: postgres.EventCompleted, Learner: "ada", At: at, Payload: []byte(`{"userId":"ada"}`)}},
	}}
	page, err := NewFeed(db, week).Read(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(page.Batch, &got); err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{
		"specversion": "1.0", "id": "i", "source": "/progress-sync/l%20m%2Fs/%22public%22.%22completion%22", "type": "dev.progresssync.lesson.completed",
		"subject": "ada", "time": "2026-03-01T11:00:00.25Z", "datacontenttype": "application/json", "data": map[string]any{"userId": "ada"},
	}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if page.HeldBack != time.Minute {
		t.Errorf("held back for %v", page.HeldBack)
	}
	db.page = postgres.EventPage{}
	if page, err = NewFeed(db, week).Read(t.Context(), page.Next, 1); err != nil || string(page.Batch) != "[]" {
		t.Errorf("without events: %s, %v", page.Batch, err)
	}
	if !db.from.AsOf.Equal(at) || db.from.Xid != place.Xid || db.from.Seq != place.Seq || db.from.Life != place.Life {
		t.Errorf("the next page is read from %+v, want %+v", db.from, place)
	}
}

func TestWhatIsNoCursorIsRefused(t *testing.T) {
	code := base64.RawURLEncoding.EncodeToString
	for name, cursor := range map[string]string{
		"no base64":           "%%%",
		"another version":     code([]byte("2 1 1 1 0123456789abcdef")),
		"a part is missing":   code([]byte("1 1 1 0123456789abcdef")),
		"more behind it":      code([]byte("1 1 1 1 0123456789abcdef x")),
		"a negative number":   code([]byte("1 1 -1 1 0123456789abcdef")),
		"a time out of range": code([]byte("1 1 1 9223372036854775807 0123456789abcdef")),
		"no life":             code([]byte("1 1 1 1 life")),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewFeed(&fakeDatabase{}, week).Read(t.Context(), cursor, 1); !errors.Is(err, ErrCursor) {
				t.Errorf("got %v", err)
			}
		})
	}
}
