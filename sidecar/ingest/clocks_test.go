package ingest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// testNow is when the requests of these tests come in.
const testNow progress.Instant = 1_772_359_200_000_000 // 2026-03-01T10:00:00Z

// day is a Handler over a real buffer, on a clock that a test sets.
type day struct {
	t      *testing.T
	now    atomic.Pointer[time.Time] // the buffer's housekeeping reads it, too
	disk   disk.FS
	buffer *buffer.Buffer
	h      *Handler
}

func newDay(t *testing.T) *day {
	t.Helper()
	d := &day{t: t, disk: disktest.New()}
	d.setTime(0)
	d.begin()
	t.Cleanup(d.end)
	return d
}

func (d *day) begin() {
	d.t.Helper()
	clock := func() time.Time { return *d.now.Load() }
	b, err := buffer.Open(buffer.Options{
		Dir: "spool", FS: d.disk, Now: clock, Policy: buffer.Policy{Terms: timing.Only(timing.Terms{Interval: time.Hour}, 0), EventIDs: buffer.DefaultEventIDs()},
		FreeBytes: func(string) (uint64, error) { return 1 << 40, nil },
	})
	if err != nil {
		d.t.Fatal(err)
	}
	s := state.New(state.Options{})
	s.Attach(b, func() int { return 0 })
	d.buffer = b
	d.h = New(Options{Buffer: b, Syncer: &fakeSyncer{}, Reader: &fakeReader{}, State: s, Limits: LimitsOf(config.Default()), Now: clock})
}

func (d *day) setTime(after time.Duration) {
	now := testNow.Time().Add(after)
	d.now.Store(&now)
}

func (d *day) end() {
	d.t.Helper()
	if err := d.buffer.Close(); err != nil {
		d.t.Error(err)
	}
}

// at posts what a device says at a moment of the day.
func (d *day) at(after time.Duration, body string) answer {
	d.t.Helper()
	d.setTime(after)
	r := httptest.NewRequest(http.MethodPost, progressPath, strings.NewReader(body))
	r.Host = "localhost"
	return ask(d.t, d.h, r)
}

// heartbeat is that of a device whose clock is off.
func (d *day) heartbeat(after, off time.Duration, position float64, more ...string) answer {
	d.t.Helper()
	return d.at(after, item("ada", fmt.Sprintf(`,"currentTime":%v,"occurredAt":%d`, position, testNow.Time().Add(after+off).UnixMilli()), strings.Join(more, "")))
}

func (d *day) sentAt(after, off time.Duration) string {
	return fmt.Sprintf(`,"sentAt":%d`, testNow.Time().Add(after+off).UnixMilli())
}

func (d *day) position() float64 {
	d.t.Helper()
	return d.buffer.Unsaved(buffer.Filter{UserID: "ada"})[0].Record.Position
}

func TestThePositionOfADeviceThatIsAnHourBehindShows(t *testing.T) {
	d := newDay(t)
	d.heartbeat(0, 0, 500) // on a device whose clock is right
	d.heartbeat(10*time.Second, -time.Hour, 10)
	if got := d.position(); got != 500 {
		t.Errorf("after one heartbeat it is %v: that may be an old one", got)
	}
	a := d.heartbeat(15*time.Second, -time.Hour, 15)
	expect(t, a, 200, map[string]any{
		"progress.positionSeconds": 15.0, "progress.maxPositionSeconds": 500.0, "progress.lastWatchedAt": "2026-03-01T10:00:15Z",
	})
	d.heartbeat(20*time.Second, -time.Hour, 20)
	if got := d.position(); got != 20 {
		t.Errorf("the position is %v", got)
	}

	// What is on the disk is what was answered, and the rest is learnt anew.
	d.end()
	d.begin()
	if got := d.position(); got != 20 {
		t.Errorf("after a restart the position is %v", got)
	}
	d.heartbeat(25*time.Second, -time.Hour, 25)
	d.heartbeat(30*time.Second, -time.Hour, 30)
	if got := d.position(); got != 30 {
		t.Errorf("after a restart and two heartbeats the position is %v", got)
	}
}

func TestSentAtMakesAWrongClockRight(t *testing.T) {
	for name, off := range map[string]time.Duration{"an hour behind": -time.Hour, "a day ahead": 24 * time.Hour, "right": 0} {
		t.Run(name, func(t *testing.T) {
			d := newDay(t)
			d.heartbeat(0, 0, 500)
			a := d.heartbeat(5*time.Second, off, 5, d.sentAt(5*time.Second, off))
			expect(t, a, 200, map[string]any{"progress.positionSeconds": 5.0, "progress.lastWatchedAt": "2026-03-01T10:00:05Z"})
			// A right device goes on, and wins again.
			d.heartbeat(6*time.Second, 0, 600)
			if got := d.position(); got != 600 {
				t.Errorf("the position is %v", got)
			}
			// What was gathered offline before that does not.
			queue := item("ada", fmt.Sprintf(`,"currentTime":4,"occurredAt":%d`, testNow.Time().Add(4*time.Second+off).UnixMilli()), d.sentAt(20*time.Second, off))
			expect(t, d.at(20*time.Second, "["+queue+"]"), 200, map[string]any{"progress.0.positionSeconds": 600.0})
		})
	}
}

func TestSentAtCompletesLessonsAtTheRightTime(t *testing.T) {
	d := newDay(t)
	r := httptest.NewRequest(http.MethodPost, completePath, strings.NewReader(fmt.Sprintf(
		`{"userId":"ada","courseId":"c","lessonIds":["1","2"],"occurredAt":%d%s}`, testNow.Time().Add(-time.Hour-time.Minute).UnixMilli(), d.sentAt(0, -time.Hour))))
	r.Host = "localhost"
	expect(t, ask(t, d.h, r), 200, map[string]any{
		"progress.0.completedAt": "2026-03-01T09:59:00Z", "progress.1.completedAt": "2026-03-01T09:59:00Z",
	})
}

func TestAClockADayAheadIsTakenAndPulledBack(t *testing.T) {
	d := newDay(t)
	expect(t, d.heartbeat(0, 24*time.Hour, 5), 200, map[string]any{"progress.lastWatchedAt": "2026-03-01T10:00:05Z"})
}

func TestAQueueSentLateDoesNotWin(t *testing.T) {
	d := newDay(t)
	d.heartbeat(0, 0, 500)
	for i := range 5 {
		at := time.Duration(i) * 300 * time.Millisecond
		d.at(time.Second+at, item("ada", fmt.Sprintf(`,"currentTime":%d,"occurredAt":%d`, i, testNow.Time().Add(-time.Hour+time.Duration(i)*5*time.Second).UnixMilli())))
	}
	if got := d.position(); got != 500 {
		t.Errorf("the position is %v", got)
	}
}

func TestACorrectedClockChangesNoEventID(t *testing.T) {
	d := newDay(t)
	event := func(id string) string { return `,"eventId":"` + id + `","watchedDelta":1` }
	d.heartbeat(0, -time.Hour, 1, event("a"))
	d.heartbeat(5*time.Second, -time.Hour, 2, event("b"))
	// The same again, when it counts as having happened at another time.
	body := item("ada", fmt.Sprintf(`,"currentTime":2,"occurredAt":%d`, testNow.Time().Add(5*time.Second-time.Hour).UnixMilli()), event("b"))
	expect(t, d.at(8*time.Second, body), 200, map[string]any{"progress.duplicate": true, "progress.timeSpentSeconds": 2.0})
	expect(t, d.at(9*time.Second, strings.Replace(body, "}", d.sentAt(9*time.Second, -time.Hour)+"}", 1)), 200, map[string]any{
		"progress.duplicate": true, "progress.timeSpentSeconds": 2.0,
	})
}

func TestAGuessedClockDoesNotUndoAnErasure(t *testing.T) {
	d := newDay(t)
	d.heartbeat(0, -time.Hour, 1)
	d.heartbeat(5*time.Second, -time.Hour, 2)
	if _, err := d.buffer.Erase(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	expect(t, d.heartbeat(10*time.Second, -time.Hour, 3), 410, nil)
	if held := d.buffer.Unsaved(buffer.Filter{UserID: "ada"}); len(held) != 0 {
		t.Errorf("held: %v", held)
	}
	// A device that says what its clock shows is believed.
	expect(t, d.heartbeat(15*time.Second, -time.Hour, 4, d.sentAt(15*time.Second, -time.Hour)), 200, map[string]any{"progress.positionSeconds": 4.0})
}
