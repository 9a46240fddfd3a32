package scan

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// The reference decodes with encoding/json into a map and checks each field by
// itself: slow, and nothing in it is shared with the decoder under test. It
// returns whether the text is JSON, whether all is right, and the update.

type reference map[string]json.RawMessage

func (m reference) has(name string) bool { return m[name] != nil && string(m[name]) != "null" }

func (m reference) text(name string, required bool) (string, bool) {
	if !m.has(name) {
		return "", !required
	}
	// encoding/json replaces what is not Unicode, so ask for it in the raw text.
	raw := m[name]
	if raw[0] != '"' || !utf8.Valid(raw) {
		return "", false
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	if !strings.ContainsRune(string(raw), utf8.RuneError) && strings.ContainsRune(s, utf8.RuneError) &&
		!strings.Contains(strings.ToLower(string(raw)), `\ufffd`) {
		return "", false // half of a surrogate pair
	}
	if strings.ContainsFunc(s, unicode.IsControl) || utf8.RuneCountInString(s) > 255 {
		return "", false
	}
	return s, s != "" || !required
}

func (m reference) number(name string, below, most, above float64) (progress.Number, bool) {
	if !m.has(name) {
		return progress.Number{}, true
	}
	var n float64
	if json.Unmarshal(m[name], &n) != nil || n < -below || n > most+above {
		return progress.Number{}, false
	}
	if n < 0.000001 {
		n = 0
	}
	return progress.Number{Value: math.Min(n, most), Set: true}, true
}

func (m reference) segments(duration float64) (progress.Segments, bool) {
	if !m.has("watchedSegments") {
		return progress.Segments{}, true
	}
	var raw [][]any
	if json.Unmarshal(m["watchedSegments"], &raw) != nil || len(raw) > 4096 {
		return progress.Segments{}, false
	}
	var pairs [][2]float64
	for _, p := range raw {
		if len(p) != 2 {
			return progress.Segments{}, false
		}
		from, isFrom := p[0].(float64)
		to, isTo := p[1].(float64)
		if from, to = math.Max(from, 0), math.Max(to, 0); from < 0.000001 {
			from = 0
		}
		if to < 0.000001 {
			to = 0
		}
		if !isFrom || !isTo || p[0].(float64) < -1 || p[1].(float64) < -1 || to > 1e6 || from > to {
			return progress.Segments{}, false
		}
		pairs = append(pairs, [2]float64{from, to})
	}
	return progress.SegmentsOf(pairs, duration), true
}

func (m reference) instant(name string) (progress.Instant, bool) {
	if !m.has(name) {
		return 0, true
	}
	var ms float64
	if json.Unmarshal(m[name], &ms) == nil {
		return inTime(math.Round(ms*1000), ms >= 946684800000 && ms < 1e14)
	}
	if bytes.ContainsRune(m[name], '\\') {
		return 0, false // no escape is needed in a time
	}
	var at time.Time
	if json.Unmarshal(m[name], &at) != nil {
		return 0, false
	}
	return inTime(float64(at.UnixMicro()), at.UTC().Year() >= 2000)
}

// inTime is an instant between 2000, which is asked before, and ten years after
// the test's present.
func inTime(micros float64, late bool) (progress.Instant, bool) {
	if at := progress.Instant(micros); late && at.Time().Before(testNow.Time().Add(3650*24*time.Hour+1)) {
		return at, true
	}
	return 0, false
}

func (m reference) update() (u progress.Update, right bool) {
	right = true
	check := func(ok bool) { right = right && ok }
	text := func(dst *string, name string, required bool) {
		s, ok := m.text(name, required)
		*dst = s
		check(ok)
	}
	number := func(dst *progress.Number, name string, below, most, above float64) {
		n, ok := m.number(name, below, most, above)
		*dst = n
		check(ok)
	}
	count := func(dst *int64, name string) {
		n, ok := m.number(name, 0.01, 1e6, 0)
		*dst = int64(math.Round(n.Value))
		check(ok && math.Abs(n.Value-math.Round(n.Value)) <= 0.01)
	}
	var ok bool
	text(&u.UserID, "userId", true)
	text(&u.CourseID, "courseId", true)
	text(&u.LessonID, "lessonId", true)
	text(&u.ModuleID, "moduleId", false)
	text(&u.EventID, "eventId", false)
	number(&u.CurrentTime, "currentTime", 1, 1e10, 0)
	number(&u.Duration, "duration", 0.01, 1e10, 0)
	number(&u.Percentage, "percentage", 1, 100, 1)
	number(&u.WatchedDuration, "watchedDuration", 1, 1e10, 0)
	number(&u.WatchedDelta, "watchedDelta", 0.01, 1e6, 0)
	number(&u.PlaybackSpeed, "playbackSpeed", 0, 100, 0)
	check(!u.PlaybackSpeed.Set || u.PlaybackSpeed.Value > 0)
	u.WatchedSegments, ok = m.segments(u.Duration.Value)
	check(ok)
	count(&u.SeekEvents, "seekEvents")
	count(&u.PauseEvents, "pauseEvents")
	if m.has("completed") {
		check(json.Unmarshal(m["completed"], &u.Completed) == nil)
	}
	u.OccurredAt, ok = m.instant("occurredAt")
	check(ok)
	u.SentAt, ok = m.instant("sentAt")
	check(ok)
	if m.has("leaving") {
		check(json.Unmarshal(m["leaving"], &u.Leaving) == nil)
	}
	number(&u.SyncWithin, "syncWithin", 0, 86_400, 0)
	check(!u.SyncWithin.Set || u.SyncWithin.Value > 0)
	return u, right
}

// referenceItem decodes one object.
func referenceItem(text []byte) (u progress.Update, isJSON, right bool) {
	if !json.Valid(text) {
		return u, false, false
	}
	var m reference
	if json.Unmarshal(text, &m) != nil || m == nil {
		return u, true, false
	}
	u, right = m.update()
	return u, true, right
}
