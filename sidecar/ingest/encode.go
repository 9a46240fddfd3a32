package ingest

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

// appendKey writes the members of a key.
func appendKey(b []byte, k *progress.Key) []byte {
	b = append(b, `"userId":`...)
	b = appendString(b, k.UserID)
	b = append(b, `,"courseId":`...)
	b = appendString(b, k.CourseID)
	b = append(b, `,"lessonId":`...)
	return appendString(b, k.LessonID)
}

// appendSyncState writes what GET /v1/sync answers, for the answers that hold
// records.
func appendSyncState(b []byte, s *state.SyncState, stale bool) []byte {
	b = append(b, `{"status":"`...)
	b = append(b, s.Status...)
	b = append(b, `","pendingUpdates":`...)
	b = strconv.AppendInt(b, s.PendingUpdates, 10)
	b = append(b, `,"lastSyncedAt":`...)
	b = appendOptional(b, s.LastSyncedAt)
	b = append(b, `,"nextSyncAt":`...)
	b = appendOptional(b, s.NextSyncAt)
	b = append(b, `,"retryCount":`...)
	b = strconv.AppendInt(b, int64(s.RetryCount), 10)
	b = append(b, `,"error":`...)
	if s.Error == nil {
		b = append(b, `null`...)
	} else {
		b = append(b, `{"kind":`...)
		b = appendString(b, s.Error.Kind)
		b = append(b, `,"message":`...)
		b = appendString(b, s.Error.Message)
		b = append(b, '}')
	}
	b = append(b, `,"writer":`...)
	b = appendString(b, s.Writer)
	if s.Variant != "" {
		b = append(b, `,"variant":`...)
		b = appendString(b, s.Variant)
	}
	if stale {
		b = append(b, `,"stale":true`...)
	}
	return append(b, '}')
}

// appendOptional writes a time, or null for none.
func appendOptional(b []byte, t *time.Time) []byte {
	if t == nil {
		return append(b, "null"...)
	}
	return appendTime(b, *t)
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// appendSegments writes segments as pairs of seconds.
func appendSegments(b []byte, s progress.Segments, duration float64) []byte {
	b = append(b, '[')
	first := len(b)
	s.Each(duration, func(from, to float64) {
		if len(b) > first {
			b = append(b, ',')
		}
		b = append(appendFloat(append(b, '['), from), ',')
		b = append(appendFloat(b, to), ']')
	})
	return append(b, ']')
}

// appendFloat writes a number so that it reads back as it was, and null for one
// that JSON cannot express, which only another writer can have put into the
// database.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	if i := int64(f); float64(i) == f && i > -1e15 && i < 1e15 {
		return strconv.AppendInt(b, i, 10)
	}
	format := byte('f')
	if size := math.Abs(f); size < 1e-6 || size >= 1e21 {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}

// appendString writes a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		switch {
		case c >= utf8.RuneSelf:
			b = append(b, "\uFFFD"...)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i += size
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
