package postgres

import (
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// numbered is a table whose learners are numbers.
const numbered = `CREATE TABLE numbered (learner integer, course text, lesson text, seeks bigint, PRIMARY KEY (learner, course, lesson))`

func numberedMapping() *config.Mapping {
	return &config.Mapping{
		Schema: "public", Table: "numbered",
		KeyColumns: config.KeyColumns{UserID: "learner", CourseID: "course", LessonID: "lesson"},
		Columns:    map[string]string{"seekEvents": "seeks"},
	}
}

func TestALearnerWhomNoRowCanHoldIsErased(t *testing.T) {
	for _, mode := range []config.ExecMode{config.ExecModeCacheStatement, config.ExecModeExec} {
		t.Run(string(mode), func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			pgtest.Execute(t, conn, numbered)
			d := open(t, Options{URI: fixed(uri), Mapping: numberedMapping(), ExecMode: mode})
			w := claim(t, d)
			record := watched(1)
			record.UserID = "7"
			w.apply(t, record)
			for name, id := range map[string]string{
				"a word": "ada", "a number that is too large": "99999999999", "a number with a point": "7.5", "a number in quotes": "'7'",
			} {
				if erased, err := d.Erase(t.Context(), id, someTime.Time()); err != nil || erased != (Erased{}) {
					t.Errorf("%s: erased %+v, %v", name, erased, err)
				}
				if erased, err := d.Erase(t.Context(), id, someTime.Time()); err != nil || erased != (Erased{Repeated: true}) {
					t.Errorf("%s once more: erased %+v, %v", name, erased, err)
				}
			}
			var rows, tombstones int
			if err := conn.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM numbered), (SELECT count(*) FROM progress_sync.erasures)").
				Scan(&rows, &tombstones); err != nil || rows != 1 || tombstones != 4 {
				t.Errorf("%d rows, %d tombstones, %v", rows, tombstones, err)
			}
			if erased, err := d.Erase(t.Context(), "7", (someTime + 10).Time()); err != nil || erased != (Erased{Rows: 1}) {
				t.Errorf("a number: erased %+v, %v", erased, err)
			}
		})
	}
}

// TestALearnerWhomADomainExcludesIsErased has a key whose type only the server
// knows.
func TestALearnerWhomADomainExcludesIsErased(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, `CREATE DOMAIN pupil AS text CHECK (VALUE LIKE 'p-%');
		CREATE TABLE numbered (learner pupil, course text, lesson text, seeks bigint, PRIMARY KEY (learner, course, lesson))`)
	d := open(t, Options{URI: fixed(uri), Mapping: numberedMapping()})
	w := claim(t, d)
	record := watched(1)
	record.UserID = "p-7"
	w.apply(t, record)
	if erased, err := d.Erase(t.Context(), "ada", someTime.Time()); err != nil || erased != (Erased{}) {
		t.Errorf("excluded: erased %+v, %v", erased, err)
	}
	if erased, err := d.Erase(t.Context(), "p-7", (someTime + 10).Time()); err != nil || erased != (Erased{Rows: 1}) {
		t.Errorf("taken: erased %+v, %v", erased, err)
	}
}

// TestATriggerThatFailsAsACastDoesProvesNothing has a row of the learner, which
// must not pass for erased.
func TestATriggerThatFailsAsACastDoesProvesNothing(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, numbered+`;
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM 'ada'::integer; RETURN OLD; END $$;
		CREATE TRIGGER refuse BEFORE DELETE ON numbered FOR EACH ROW EXECUTE FUNCTION refuse()`)
	d := open(t, Options{URI: fixed(uri), Mapping: numberedMapping()})
	w := claim(t, d)
	record := watched(1)
	record.UserID = "7"
	w.apply(t, record)
	_, err := d.Erase(t.Context(), "7", (someTime + 10).Time())
	if f := Classify(err); f.SQLState != "22P02" || f.Retry != Hold || !strings.Contains(f.Message, "refuses to delete the rows") {
		t.Errorf("got %+v, %v", f, err)
	}
	var rows, tombstones int
	if err := conn.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM numbered), (SELECT count(*) FROM progress_sync.erasures)").
		Scan(&rows, &tombstones); err != nil || rows != 1 || tombstones != 0 {
		t.Errorf("%d rows, %d tombstones, %v", rows, tombstones, err)
	}
	got, err := d.readAll(t.Context(), Filter{UserID: "7"})
	if err != nil || len(got) != 1 || got[0].Key != (progress.Key{UserID: "7", CourseID: record.CourseID, LessonID: record.LessonID}) {
		t.Errorf("saved are %+v, %v", got, err)
	}
}
