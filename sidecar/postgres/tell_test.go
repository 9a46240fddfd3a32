package postgres

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// at is a record of key 1 that reached a sidecar so many seconds after someTime, with a
// percentage.
func at(second int, percentage float64) progress.Record {
	return progress.Update{Key: key(1), Percentage: progress.Some(percentage)}.Record(someTime+progress.Instant(second)*1e6, 95)
}

// resetAt is a record of key 1 that was reset so many seconds after someTime.
func resetAt(second int) progress.Record {
	when := someTime + progress.Instant(second)*1e6
	return progress.Record{Key: key(1), Generation: when, ReceivedAt: when}
}

// after is what a buffer makes of a reset and a record that arrived after it.
func after(reset, r progress.Record) progress.Record {
	r.Generation = reset.Generation
	return progress.Merge(reset, r)
}

// toldOf are the events in their order: what is told of a lesson, and in which generation.
func toldOf(tb testing.TB, conn *pgx.Conn) []string {
	tb.Helper()
	rows, err := conn.Query(tb.Context(), `SELECT concat_ws(' ', split_part(type, '.', 4), payload ->> 'lessonId',
			(payload ->> 'generation')::bigint - CASE payload ->> 'generation' WHEN '0' THEN 0 ELSE $1::bigint END)
		FROM progress_sync.outbox ORDER BY xid, seq`, int64(someTime))
	if err != nil {
		tb.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func TestWhatIsTold(t *testing.T) {
	const completed, reset = "completed lesson 0001", "reset lesson 0001"
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	w := claim(t, open(t, Options{URI: fixed(uri), Events: true}))
	for name, c := range map[string]struct {
		batches []progress.Record
		want    []string
	}{
		"a lesson that is not completed is not told":             {[]progress.Record{at(0, 50), at(1, 94)}, nil},
		"a new row that is completed is told":                    {[]progress.Record{at(0, 100)}, []string{completed + " 0"}},
		"a row that becomes completed is told":                   {[]progress.Record{at(0, 50), at(1, 100)}, []string{completed + " 0"}},
		"a row that was completed before is not told again":      {[]progress.Record{at(0, 100), at(1, 100), at(2, 40)}, []string{completed + " 0"}},
		"a reset is told":                                        {[]progress.Record{at(0, 50), resetAt(1)}, []string{reset + " 1000000"}},
		"a reset of what has no row is told":                     {[]progress.Record{resetAt(1)}, []string{reset + " 1000000"}},
		"the same reset twice is told once":                      {[]progress.Record{at(0, 50), resetAt(1), resetAt(1)}, []string{reset + " 1000000"}},
		"an earlier reset that comes late is not told":           {[]progress.Record{resetAt(2), resetAt(1)}, []string{reset + " 2000000"}},
		"completed again after a reset is told again":            {[]progress.Record{at(0, 100), resetAt(1), at(2, 100)}, []string{completed + " 0", reset + " 1000000", completed + " 1000000"}},
		"a reset and a completion in one record are two":         {[]progress.Record{at(0, 50), after(resetAt(1), at(2, 100))}, []string{reset + " 1000000", completed + " 1000000"}},
		"a new row that was reset and completed is told of both": {[]progress.Record{after(resetAt(1), at(2, 100))}, []string{reset + " 1000000", completed + " 1000000"}},
		"a completion from before the reset is not told":         {[]progress.Record{resetAt(1), at(0, 100)}, []string{reset + " 1000000"}},
		"a completion that knows nothing of the reset before it has the row's generation": {
			[]progress.Record{resetAt(1), at(2, 100)}, []string{reset + " 1000000", completed + " 1000000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			pgtest.Execute(t, conn, "TRUNCATE progress_sync.lesson_progress, progress_sync.outbox")
			for _, r := range c.batches {
				w.apply(t, r)
			}
			if diff := cmp.Diff(c.want, toldOf(t, conn), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := pgtest.Value[int](t, conn, "SELECT count(*) - count(DISTINCT id) FROM progress_sync.outbox"); n != 0 {
				t.Errorf("%d events have the id of another", n)
			}
		})
	}
}

// After a failover batches are written again whose ids are not known any more.
func TestReplayedBatchesTellOnce(t *testing.T) {
	uri := pgtest.Database(t)
	w := claim(t, open(t, Options{URI: fixed(uri), Events: true}))
	for second := range 3 {
		b := w.next(at(second, 100))
		b.ID = 0
		if r, err := w.try(t.Context(), b); err != nil || r.Outcome != Applied {
			t.Fatalf("%v, %v", r.Outcome, err)
		}
	}
	if diff := cmp.Diff([]string{"completed lesson 0001 0"}, toldOf(t, pgtest.Connect(t, uri))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingIsToldWhileEventsAreOff(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	w.apply(t, at(0, 50), watched(2))
	w.apply(t, at(1, 100))
	conn := pgtest.Connect(t, uri)
	if got := toldOf(t, conn); len(got) != 0 {
		t.Errorf("told %v", got)
	}
	// What is completed by then has no event any more; what comes later has.
	d.SetOptions(Options{Events: true})
	done := watched(2)
	done.Completed, done.CompletedAt = true, done.LastWatchedAt
	w.apply(t, at(2, 100), done)
	if diff := cmp.Diff([]string{"completed lesson 0002 0"}, toldOf(t, conn)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.SetOptions(Options{Events: false})
	w.apply(t, resetAt(9))
	if n := len(toldOf(t, conn)); n != 1 {
		t.Errorf("%d events after they are off again", n)
	}
}

func TestABatchThatIsSentAgainTellsOnce(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri), Events: true})
	w := claim(t, d)
	b := w.next(at(0, 100), watched(2))
	for _, want := range []Outcome{Applied, AlreadyApplied, AlreadyApplied} {
		r, err := d.Apply(t.Context(), w.id, w.owner, 0, b)
		if err != nil || r.Outcome != want {
			t.Fatalf("%v, %v", r.Outcome, err)
		}
	}
	conn := pgtest.Connect(t, uri)
	if diff := cmp.Diff([]string{"completed lesson 0001 0"}, toldOf(t, conn)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// As after a failover to a replica that did not have the batch.
	id := pgtest.Value[string](t, conn, "SELECT id::text FROM progress_sync.outbox")
	pgtest.Execute(t, conn, "TRUNCATE progress_sync.lesson_progress, progress_sync.outbox; UPDATE progress_sync.ledger SET batch_no = 0")
	if r, err := d.Apply(t.Context(), w.id, w.owner, 0, b); err != nil || r.Outcome != Applied {
		t.Fatalf("%v, %v", r.Outcome, err)
	}
	if got := pgtest.Value[string](t, conn, "SELECT string_agg(id::text, ' ') FROM progress_sync.outbox"); got != id {
		t.Errorf("the events are %s, before the failover %s", got, id)
	}
}

// Neither statement sees what the other does: both began before one had committed.
func TestOfTwoSidecarsThatCompleteALessonInOneMomentOneTellsOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		before  []progress.Record
		options Options
		setup   string
	}{
		"a new row":                           {},
		"a row that is there":                 {before: []progress.Record{at(-2, 50)}},
		"a row of a mapped table":             {before: []progress.Record{at(-2, 50)}, options: Options{Mapping: tellingMapping()}, setup: tellingTable},
		"a row that is new in a mapped table": {options: Options{Mapping: tellingMapping()}, setup: tellingTable},
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			pgtest.Execute(t, conn, c.setup)
			c.options.URI, c.options.Events = fixed(uri), true
			table := "progress_sync.lesson_progress"
			if c.options.Mapping != nil {
				table = "studies"
			}
			a, b := claim(t, open(t, c.options)), claim(t, open(t, c.options))
			b.last = 100 // another batch has another id
			if err := b.d.MoveLedger(t.Context(), b.id, b.owner, 0, 100); err != nil {
				t.Fatal(err)
			}
			for _, r := range c.before {
				a.apply(t, r)
			}
			// Whoever comes first waits for this lock with its row written.
			gate := pgtest.Connect(t, uri)
			pgtest.Execute(t, gate, "BEGIN; LOCK TABLE progress_sync.outbox")
			wrote := make(chan error, 2)
			for i, w := range []*writer{a, b} {
				go func() {
					_, err := w.try(t.Context(), w.next(at(i, 100)))
					wrote <- err
				}()
				until(t, conn, "SELECT count(*) = $1 FROM pg_locks WHERE NOT granted AND (relation = 'progress_sync.outbox'::regclass OR locktype = 'transactionid')", i+1)
			}
			pgtest.Execute(t, gate, "COMMIT")
			for range 2 {
				if err := <-wrote; err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff([]string{"completed lesson 0001 0"}, toldOf(t, conn)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := pgtest.Value[int](t, conn, "SELECT count(*) FROM "+table+" WHERE completed"); n != 1 {
				t.Errorf("%d rows are completed", n)
			}
		})
	}
}

const tellingTable = `CREATE TABLE studies (learner text, course text, lesson text, completed boolean NOT NULL DEFAULT false, done_at timestamp,
	thousandths integer NOT NULL DEFAULT 0, reset_at bigint, seen timestamptz, mark bigint, PRIMARY KEY (learner, lesson))`

func tellingMapping() *config.Mapping {
	return &config.Mapping{
		Schema: "public", Table: "studies", KeyColumns: config.KeyColumns{UserID: "learner", LessonID: "lesson"},
		Columns: map[string]string{
			"courseId": "course", "completed": "completed", "completedAt": "done_at", "percentage": "thousandths", "generation": "reset_at", "receivedAt": "seen",
		},
		Scale:     map[string]string{"percentage": "10"},
		EventMark: "mark",
	}
}

// idOf follows section 5.8 of RFC 9562.
func idOf(parts ...string) (id uuid.UUID) {
	namespace := uuid.MustParse("5b6c1f0a-9d3e-4c78-a2f4-e07b19c85d36")
	sum := sha256.Sum256(append(namespace[:], strings.Join(parts, "\x00")...))
	copy(id[:], sum[:])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}

func TestAnEventTellsWhatTheRowHas(t *testing.T) {
	const time0 = "2023-11-14T22:13:20.000000Z"
	for name, c := range map[string]struct {
		options Options
		setup   string
		want    map[string]any
		parts   []string // of the id
	}{
		"of our own table": {
			parts: []string{"progress_sync.lesson_progress", EventCompleted, "learner", "course", "lesson 0001", "0"},
			want: map[string]any{
				"userId": "learner", "courseId": "course", "lessonId": "lesson 0001", "moduleId": "m", "generation": 0.0,
				"completedAt": time0, "percentage": 97.5, "positionSeconds": 61.25, "timeSpentSeconds": 4.5,
			},
		},
		"of a mapped table, in our units": {
			options: Options{Mapping: tellingMapping()}, setup: tellingTable,
			// The course is no part of the key.
			parts: []string{`"public"."studies"`, EventCompleted, "learner", "", "lesson 0001", "0"},
			want: map[string]any{
				"userId": "learner", "courseId": "course", "lessonId": "lesson 0001", "generation": 0.0,
				"completedAt": time0, "percentage": 97.5,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			pgtest.Execute(t, conn, c.setup+"; ALTER DATABASE "+conn.Config().Database+" SET timezone = 'Asia/Kolkata'")
			c.options.URI, c.options.Events = fixed(uri), true
			claim(t, open(t, c.options)).apply(t, progress.Update{
				Key: key(1), ModuleID: "m", CurrentTime: progress.Some(61.25), Percentage: progress.Some(97.5), WatchedDelta: progress.Some(4.5),
			}.Record(someTime, 95))
			var got map[string]any
			if err := json.Unmarshal([]byte(pgtest.Value[string](t, conn, "SELECT payload::text FROM progress_sync.outbox")), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			id := uuid.MustParse(pgtest.Value[string](t, conn, "SELECT id::text FROM progress_sync.outbox"))
			if want := idOf(c.parts...); id != want {
				t.Errorf("the id is %s, want %s", id, want)
			}
			if got := pgtest.Value[string](t, conn, "SELECT concat_ws(' ', aggregatetype, aggregateid, type) FROM progress_sync.outbox"); got != "learner learner "+EventCompleted {
				t.Errorf("the columns that Debezium reads are %s", got)
			}
		})
	}
}

func TestAnErasureIsToldAndTakesTheLearnersEventsAway(t *testing.T) {
	for name, mapping := range map[string]*config.Mapping{"our own table": nil, "a mapped table": tellingMapping()} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			pgtest.Execute(t, conn, tellingTable)
			d := open(t, Options{URI: fixed(uri), Events: true, Mapping: mapping})
			w := claim(t, d)
			other := at(0, 100)
			other.UserID = "other"
			w.apply(t, at(0, 100), other)
			erase := func(second int) {
				t.Helper()
				if _, err := d.Erase(t.Context(), "learner", time.UnixMicro(int64(someTime)+int64(second)*1e6)); err != nil {
					t.Fatal(err)
				}
			}
			erased := func() (left, ids string) {
				return pgtest.Value[string](t, conn, "SELECT string_agg(concat_ws(' ', split_part(type, '.', 4), aggregateid, payload ->> 'erasedAt'), ', ' ORDER BY xid, seq) FROM progress_sync.outbox"),
					pgtest.Value[string](t, conn, "SELECT string_agg(id::text, ' ' ORDER BY xid) FROM progress_sync.outbox WHERE type = '"+EventErased+"'")
			}
			erase(10)
			left, id := erased()
			if want := "completed other, erased learner 2023-11-14T22:13:30.000000Z"; left != want {
				t.Errorf("left are %q, want %q", left, want)
			}
			erase(10) // again, and by a sidecar that has heard of it later
			erase(11)
			if again, same := erased(); again != left || same != id {
				t.Errorf("the same erasure again leaves %q", again)
			}
			w.apply(t, at(20, 100))
			erase(30)
			if left, _ = erased(); left != "completed other, erased learner 2023-11-14T22:13:50.000000Z" {
				t.Errorf("after an erasure of what came later, left are %q", left)
			}
			d.SetOptions(Options{Mapping: mapping})
			erase(40)
			if left, _ = erased(); !strings.HasPrefix(left, "completed other, erased learner") {
				t.Errorf("with events off, left are %q", left)
			}
		})
	}
}

func TestATableWithoutAMarkHasNoEventsAndTheCheckSaysSo(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, tellingTable)
	m := tellingMapping()
	m.EventMark = ""
	d := open(t, Options{URI: fixed(uri), Events: true, Mapping: m})
	claim(t, d).apply(t, at(0, 100))
	if got := toldOf(t, conn); len(got) != 0 {
		t.Errorf("told %v", got)
	}
	report, err := d.Check(t.Context())
	if err != nil || !strings.Contains(fmt.Sprint(report.Notes), "eventMark") {
		t.Errorf("the check says %v, %v", report.Notes, err)
	}
	m = tellingMapping()
	m.EventMark = "seen_at"
	_, err = open(t, Options{URI: fixed(uri), Events: true, Mapping: m}).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), `column "seen_at" for eventMark is missing`) {
		t.Errorf("a mark that is not there: %v", err)
	}
}

// An event that can't be written would be lost.
func TestNothingIsWrittenBeforeTheOutboxIsThere(t *testing.T) {
	uri := pgtest.Database(t)
	all, err := migrations(sqlFiles)
	if err != nil {
		t.Fatal(err)
	}
	conn := pgtest.Connect(t, uri)
	for _, m := range all[:versionToTell-1] {
		pgtest.Execute(t, conn, m.sql)
	}
	d := open(t, Options{URI: fixed(uri), Migrations: config.MigrationsManual})
	w := claim(t, d)
	w.apply(t, at(0, 50))
	d.SetOptions(Options{Migrations: config.MigrationsManual, Events: true})
	_, err = w.try(t.Context(), w.next(at(1, 100)))
	if f := Classify(err); f.Class != SchemaMissing || f.Retry != Hold || !strings.Contains(f.Message, "spec.events.enabled") {
		t.Errorf("%+v", f)
	}
	pgtest.Execute(t, conn, all[versionToTell-1].sql)
	w.apply(t, at(1, 100))
	if got := toldOf(t, conn); len(got) != 1 {
		t.Errorf("told %v", got)
	}
}
