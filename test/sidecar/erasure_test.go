package sidecar

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/status"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// TestALearnerIsErased orders an erasure while the database is away and looks
// for the learner everywhere once it is back.
func TestALearnerIsErased(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := newProcess(t, uri, `{"sync":{"interval":"1h"},"retry":{"initialDelay":"100ms","maxDelay":"500ms"}}`)
	p.start(t)
	const of = `{"userId":"%s","courseId":"c","lessonId":"%d","seekEvents":1}`
	for _, user := range []string{"ada-4711", "bob"} {
		p.post(t, fmt.Sprintf(of, user, 1))
	}
	saved(t, p)
	p.post(t, fmt.Sprintf(of, "ada-4711", 2))

	p.setURI(t, "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	p.await(t, "the database to be away", func(d status.Document) bool { return d.Database.Reachable != nil && !*d.Database.Reachable })
	type proof struct {
		ErasedAt string
		Buffer   struct{ Pending, Frozen, Confirmed, DeadLetters int }
		Database struct {
			Rows  int
			Done  bool
			Error *struct{ Kind, Message string }
		}
	}
	erase := func() (code int, is proof) {
		t.Helper()
		code, answer := p.do(t, "DELETE", "/v1/users/ada-4711", "")
		if err := json.Unmarshal([]byte(answer), &is); err != nil {
			t.Fatalf("%d %s", code, answer)
		}
		return code, is
	}
	code, is := erase()
	if code != 202 || is.Database.Done || is.Database.Error == nil || is.Buffer.Pending+is.Buffer.Frozen != 1 || is.Buffer.Confirmed != 1 {
		t.Errorf("%d %+v", code, is)
	}
	old := strings.Replace(fmt.Sprintf(of, "ada-4711", 3), "}", `,"occurredAt":"2026-01-01T00:00:00Z"}`, 1)
	if code, answer := p.do(t, "POST", "/v1/progress", old); code != 410 {
		t.Errorf("a late update got %d %s", code, answer)
	}
	p.kill(t)
	p.setURI(t, uri)
	p.start(t)
	eventually(t, func() bool {
		_, metrics := p.get(t, "/metrics")
		return strings.Contains(metrics, "\nprogress_sync_erasures_pending 0\n")
	}, func() string { return "the erasure to be finished" })

	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var ada, bob int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FILTER (WHERE user_id = 'ada-4711'), count(*) FILTER (WHERE user_id = 'bob') "+
		"FROM progress_sync.lesson_progress").Scan(&ada, &bob); err != nil {
		t.Fatal(err)
	}
	if ada != 0 || bob != 1 {
		t.Errorf("%d rows of the erased learner, %d of another", ada, bob)
	}
	p.post(t, fmt.Sprintf(of, "ada-4711", 4)) // a learner may come back
	saved(t, p)
	if code, is := erase(); code != 200 || !is.Database.Done || is.Database.Rows != 1 {
		t.Errorf("%d %+v", code, is)
	}
}
