package load

import (
	"fmt"
	"strconv"
	"time"
)

// Shape is what a request of the load looks like.
type Shape struct {
	// Path of the request, for example "/v1/progress".
	Path string
	// Items in a request: 1 sends an object, more an array.
	Items int
	// Set is what they are about.
	Set WorkingSet
	// Minimal asks for an answer without a body.
	Minimal bool
	// Receipt asks for an answer without the records, as the browser package does.
	Receipt bool
}

const learnerPrefix = "learner-"

// LearnerID is the user id of a learner of a WorkingSet, counted from 0.
func LearnerID(learner int) string { return learnerPrefix + strconv.Itoa(learner) }

// learner is whom the first update of the n-th request is about.
func (s Shape) learner(n int) int {
	key, _ := s.Set.update(n * s.Items)
	return key % s.Set.Learners
}

// request renders the n-th request of the load. Updates look like those of a
// player's heartbeat, about 230 bytes each.
func (s Shape) request(buf []byte, n int, now time.Time) []byte {
	body := make([]byte, 0, 256*s.Items)
	if s.Items > 1 {
		body = append(body, '[')
	}
	for i := range s.Items {
		if i > 0 {
			body = append(body, ',')
		}
		body = s.appendUpdate(body, n*s.Items+i, n, now)
	}
	if s.Items > 1 {
		body = append(body, ']')
	}
	prefer := ""
	switch {
	case s.Minimal:
		prefer = "Prefer: return=minimal\r\n"
	case s.Receipt:
		prefer = "Prefer: return=receipt\r\n"
	}
	buf = fmt.Appendf(buf[:0], "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n",
		s.Path, prefer, len(body))
	return append(buf, body...)
}

// appendUpdate renders an update of the n-th request.
func (s Shape) appendUpdate(b []byte, update, n int, now time.Time) []byte {
	key, completed := s.Set.update(update)
	learner, lesson := key%s.Set.Learners, key/s.Set.Learners
	position := float64(n%7200) / 4
	b = append(b, `{"userId":"`...)
	b = append(b, learnerPrefix...)
	b = strconv.AppendInt(b, int64(learner), 10)
	b = append(b, `","courseId":"course-`...)
	b = strconv.AppendInt(b, int64(learner%40), 10)
	b = append(b, `","lessonId":"lesson-`...)
	b = strconv.AppendInt(b, int64(learner%400+lesson), 10)
	b = append(b, `","moduleId":"module-3","currentTime":`...)
	b = strconv.AppendFloat(b, position, 'f', 2, 64)
	b = append(b, `,"duration":2400,"watchedDelta":5,"seekEvents":0,"pauseEvents":`...)
	b = strconv.AppendInt(b, int64(n%2), 10)
	b = append(b, `,"playbackSpeed":1.25,"occurredAt":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	if completed {
		b = append(b, `,"completed":true`...)
	}
	return append(b, '}')
}
