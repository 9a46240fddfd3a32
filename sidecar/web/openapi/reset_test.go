package openapi_test

import (
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
)

func TestAResetSaysWhatPostgresKnew(t *testing.T) {
	s, away := newReady(t), newStand(t, nowhere, buffer.Policy{}, 1<<40)
	reset := func(s *stand, lesson string) string {
		return s.must(t, "DELETE", "/v1/progress?userId=ada%2B1&courseId=c&lessonId="+lesson, "")
	}
	s.must(t, "POST", "/v1/progress", `{"userId":"ada+1","courseId":"c","lessonId":"c++","currentTime":5}`)
	s.must(t, "POST", "/v1/sync", "")
	for _, c := range []struct{ name, answer, known string }{
		{"a + that is a space", reset(s, "c++"), `"known":false`},
		{"the same, encoded", reset(s, "c%2B%2B"), `"known":true`},
		{"at once again", reset(s, "c%2B%2B"), `"known":false`},
		{"when that is saved", func() string { s.must(t, "POST", "/v1/sync", ""); return reset(s, "c%2B%2B") }(), `"known":false`},
		{"while Postgres is away", reset(away, "c%2B%2B"), `"known":null`},
	} {
		if !strings.Contains(c.answer, c.known) {
			t.Errorf("%s: %s", c.name, c.answer)
		}
	}
	if row := s.must(t, "GET", "/v1/progress?userId=ada%2B1&courseId=c&lessonId=c%2B%2B", ""); !strings.Contains(row, `"positionSeconds":0`) {
		t.Errorf("after the reset: %s", row)
	}
}
