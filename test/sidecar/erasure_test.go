package sidecar

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
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
	p.Kill()
	p.setURI(t, uri)
	p.start(t)
	kit.Eventually(t, "the erasure to be finished", func() error {
		_, metrics := p.get(t, "/metrics")
		return kit.Unless(strings.Contains(metrics, "\nprogress_sync_erasures_pending 0\n"), metrics)
	})

	conn := pgtest.Connect(t, uri)
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

const away = "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"

// rowsOf counts the rows of a learner.
func rowsOf(t *testing.T, uri, learner string) int {
	t.Helper()
	return pgtest.Value[int](t, pgtest.Connect(t, uri), "SELECT count(*) FROM progress_sync.lesson_progress WHERE user_id = $1", learner)
}

// erasedLater saves a learner's progress and orders an erasure while the database
// is away.
func erasedLater(t *testing.T, uri string, grace time.Duration) *process {
	t.Helper()
	p := newProcessWith(t, sidecar.Options{
		URI: uri, Configuration: `{"sync":{"interval":"1h"},"retry":{"initialDelay":"100ms","maxDelay":"500ms"}}`, Grace: grace,
	})
	p.start(t)
	p.post(t, `{"userId":"ada-4711","courseId":"c","lessonId":"l"}`)
	saved(t, p)
	p.setURI(t, away)
	p.await(t, "the database to be away", func(d status.Document) bool { return d.Database.Reachable != nil && !*d.Database.Reachable })
	if code, answer := p.do(t, "DELETE", "/v1/users/ada-4711", ""); code != 202 {
		t.Fatalf("%d %s", code, answer)
	}
	if d := p.document(t); d.Erasures.Pending != 1 || d.Erasures.Failed != 0 {
		t.Errorf("the status has %+v", d.Erasures)
	}
	return p
}

func TestADrainDoesTheErasuresThatWait(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := erasedLater(t, uri, 20*time.Second)
	p.setURI(t, uri)
	if line := p.terminate(t); line != "drained: all 1 updates accepted are saved in Postgres" {
		t.Errorf("the termination log says %q", line)
	}
	if n := rowsOf(t, uri, "ada-4711"); n != 0 {
		t.Errorf("%d rows of the erased learner", n)
	}
}

func TestADrainWithoutADatabaseSaysWhichErasuresAreLeft(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := erasedLater(t, uri, 4*time.Second)
	line := p.terminate(t)
	want := fmt.Sprintf(`1 erasures of learners are not done in Postgres and stay in the spool at %q: "Nothing listens`, p.File("spool"))
	if ending, ok := status.ParseEnding(line); !ok || ending.Erasures != 1 || ending.Records != 0 ||
		!strings.HasPrefix(line, want) || strings.Contains(line, "drained") || strings.Contains(line, "ada") {
		t.Errorf("the termination log says %q", line)
	}
	if n := rowsOf(t, uri, "ada-4711"); n != 1 {
		t.Errorf("%d rows", n)
	}
	p.setURI(t, uri)
	p.start(t)
	p.await(t, "the next process to erase", func(d status.Document) bool { return d.Erasures.Pending == 0 })
	if n := rowsOf(t, uri, "ada-4711"); n != 0 {
		t.Errorf("%d rows of the erased learner", n)
	}
}

// TestALearnerThatNoRowCanHoldIsErased has a table whose learners are numbers.
func TestALearnerThatNoRowCanHoldIsErased(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	pgtest.Execute(t, pgtest.Connect(t, uri), `CREATE TABLE progress (learner integer, course text, lesson text, seeks bigint,
		PRIMARY KEY (learner, course, lesson)); INSERT INTO progress VALUES (7, 'c', 'l', 1)`)
	p := newProcess(t, uri, `{"database":{"mapping":{"table":"progress",
		"keyColumns":{"userId":"learner","courseId":"course","lessonId":"lesson"},"columns":{"seekEvents":"seeks"}}}}`)
	p.start(t)
	for learner, rows := range map[string]int{"ada": 0, "7": 1} {
		code, answer := p.do(t, "DELETE", "/v1/users/"+learner, "")
		if code != 200 || !strings.Contains(answer, fmt.Sprintf(`"database":{"rows":%d,"done":true}`, rows)) {
			t.Errorf("%s: %d %s", learner, code, answer)
		}
	}
	if d := p.document(t); d.Erasures != (status.Erasures{}) || d.Sync.Error != nil {
		t.Errorf("the status has %+v, %+v", d.Erasures, d.Sync.Error)
	}
}

func TestAnErasureThatIsRefusedShowsAndStopsNothing(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := newProcess(t, uri, fast)
	p.start(t)
	for _, learner := range []string{"ada-4711", "bob"} {
		p.post(t, `{"userId":"`+learner+`","courseId":"c","lessonId":"l"}`)
	}
	saved(t, p)
	pgtest.Execute(t, pgtest.Connect(t, uri), `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF OLD.user_id = 'ada-4711' THEN RAISE EXCEPTION 'kept by law'; END IF; RETURN OLD; END $$;
		CREATE TRIGGER refuse BEFORE DELETE ON progress_sync.lesson_progress FOR EACH ROW EXECUTE FUNCTION refuse()`)
	for learner, want := range map[string]int{"ada-4711": 202, "bob": 200} {
		if code, answer := p.do(t, "DELETE", "/v1/users/"+learner, ""); code != want {
			t.Errorf("%s: %d %s", learner, code, answer)
		}
	}
	p.post(t, `{"userId":"carol","courseId":"c","lessonId":"l"}`)
	saved(t, p)
	d := p.document(t)
	if e := d.Erasures; e.Pending != 1 || e.Failed != 1 || e.Error == nil || e.Error.SQLState != "P0001" || d.Sync.State != status.StateSynced {
		t.Errorf("the status has %+v, %s", d.Erasures, d.Sync.State)
	}
	if _, metrics := p.get(t, "/metrics"); !strings.Contains(metrics, "\nprogress_sync_erasures_failed 1\n") ||
		!strings.Contains(metrics, "\nprogress_sync_needs_attention 0\n") {
		t.Error("the metrics don't tell of it")
	}
	line := p.terminate(t)
	if !strings.HasPrefix(line, "1 erasures of learners are not done in Postgres") || !strings.Contains(line, "P0001") {
		t.Errorf("the termination log says %q", line)
	}
	log := p.log(t)
	if strings.Contains(log, "ada-4711") || strings.Contains(log, "Nothing can be written") ||
		strings.Count(log, "The database refuses to erase learners") != 1 {
		t.Errorf("the log says\n%s", log)
	}
}
