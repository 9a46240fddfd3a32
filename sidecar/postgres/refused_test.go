package postgres

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/config"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// progressMapping is one to a table progress with a key of learner, course and
// lesson, and seeks.
func progressMapping() *config.Mapping {
	return &config.Mapping{
		Schema: "public", Table: "progress", KeyColumns: config.KeyColumns{UserID: "learner", CourseID: "course", LessonID: "lesson"},
		Columns: map[string]string{"seekEvents": "seeks"},
	}
}

func TestATableThatCannotBeUsedIsRefusedBeforeTheFirstWrite(t *testing.T) {
	const columns = "CREATE TABLE real_one (learner text, course text, lesson text, seeks integer, UNIQUE (learner, course, lesson)); "
	for name, c := range map[string]struct {
		create string
		change func(*config.Mapping)
		says   string
	}{
		"a view":              {create: columns + "CREATE VIEW progress AS SELECT * FROM real_one", says: "it is no table but a view; name the table that it shows"},
		"a materialized view": {create: columns + "CREATE MATERIALIZED VIEW progress AS SELECT * FROM real_one", says: "a materialized view"},
		"a sequence":          {create: "CREATE SEQUENCE progress", says: "a sequence"},
		"a foreign table": {
			create: "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE progress (learner text) SERVER s",
			says:   "a foreign table, for which Postgres has no ON CONFLICT",
		},
		"partitions by another column": {
			create: "CREATE TABLE progress (learner text, course text, lesson text, seeks integer, at date NOT NULL DEFAULT now()) PARTITION BY RANGE (at)",
			says:   `there can't be: the table is partitioned by "at", which is neither in the key nor fixed`,
		},
		"partitions by an expression": {
			create: "CREATE TABLE progress (learner text, course text, lesson text, seeks integer) PARTITION BY LIST (lower(course))",
			says:   "there can't be: the table is partitioned by an expression",
		},
		"one row for each learner": {
			create: "CREATE TABLE progress (learner text UNIQUE, course text, lesson text, seeks integer, UNIQUE (learner, course, lesson))",
			says:   `the unique index progress_learner_key allows one row for each "learner" only`,
		},
		"one row for each learner of a tenant": {
			create: "CREATE TABLE progress (learner text, course text, lesson text, seeks integer, tenant integer, UNIQUE (learner, course, lesson), UNIQUE (tenant, learner))",
			change: func(m *config.Mapping) { m.Fixed = map[string]string{"tenant": "7"} },
			says:   `allows one row for each "learner" only`,
		},
		"a fixed value that is too long": {
			create: "CREATE TABLE progress (learner text, course text, lesson text, seeks integer, region varchar(2), UNIQUE (learner, course, lesson))",
			change: func(m *config.Mapping) { m.Fixed = map[string]string{"region": "north"} },
			says:   `the fixed value for column "region" is longer than its 2 characters`,
		},
		"a fixed value that a domain refuses": {
			create: "CREATE DOMAIN region AS text CHECK (value IN ('eu', 'us')); CREATE TABLE progress (learner text, course text, lesson text, seeks integer, region region, UNIQUE (learner, course, lesson))",
			change: func(m *config.Mapping) { m.Fixed = map[string]string{"region": "north"} },
			says:   `the fixed value for column "region" is none of its type, region`,
		},
		"a fixed value that is none of an enum": {
			create: "CREATE TYPE region AS ENUM ('eu', 'us'); CREATE TABLE progress (learner text, course text, lesson text, seeks integer, region region, UNIQUE (learner, course, lesson))",
			change: func(m *config.Mapping) { m.Fixed = map[string]string{"region": "north"} },
			says:   `the fixed value for column "region" is none of its type, region`,
		},
		"an enum without a default": {
			create: "CREATE TYPE region AS ENUM ('eu', 'us'); CREATE TABLE progress (learner text, course text, lesson text, seeks integer, region region NOT NULL, UNIQUE (learner, course, lesson))",
			says:   `column "region" must have a value and has no default: map a field to it, or give it a fixed value.`,
		},
		"a domain that must have a value": {
			create: "CREATE DOMAIN inner_one AS point NOT NULL; CREATE DOMAIN outer_one AS inner_one; CREATE TABLE progress (learner text, course text, lesson text, seeks integer, place outer_one, UNIQUE (learner, course, lesson))",
			says:   `column "place" must have a value and has no default`,
		},
		"ids in a money column": {
			create: "CREATE TABLE progress (learner text, course text, lesson money, seeks integer, UNIQUE (learner, course, lesson))",
			says:   `column "lesson" for lessonId is money, which may take different ids for one, or cut them off`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			pgtest.Execute(t, pgtest.Connect(t, uri), c.create)
			m := progressMapping()
			if c.change != nil {
				c.change(m)
			}
			d := open(t, Options{URI: fixed(uri), Mapping: m})
			if f := Classify(tryClaim(t, d)); f.Class != SchemaMissing || f.Retry != Hold || !strings.Contains(f.Message, c.says) {
				t.Errorf("it does not say %q: %+v", c.says, f)
			}
			if _, err := d.Check(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the check does not say %q: %v", c.says, err)
			}
		})
	}
}

// TestALessonOfOneCourseMayBeUniqueByItself has an index that goes well until a
// lesson is in two courses: no reason to stop writing, and one to say so.
func TestALessonOfOneCourseMayBeUniqueByItself(t *testing.T) {
	uri := pgtest.Database(t)
	pgtest.Execute(t, pgtest.Connect(t, uri), `CREATE TABLE progress (learner text, course text, lesson text, seeks integer,
		UNIQUE (learner, course, lesson), CONSTRAINT one_course UNIQUE (learner, lesson))`)
	d := open(t, Options{URI: fixed(uri), Mapping: progressMapping()})
	claim(t, d).apply(t, watched(1))
	if _, err := d.Check(t.Context()); err == nil || !strings.Contains(err.Error(), `one_course allows one row for each "learner", "lesson" only`) {
		t.Errorf("the check says %v", err)
	}
}

func TestTheCheckNotesWhatMaySurprise(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, `
		CREATE TABLE learners (id varchar(36) PRIMARY KEY); INSERT INTO learners VALUES ('1'), ('2');
		CREATE UNLOGGED TABLE progress (learner varchar(36) REFERENCES learners, course text, lesson text, seeks integer CHECK (seeks >= 0),
			id serial PRIMARY KEY, email text, UNIQUE (learner, course, lesson), UNIQUE (email), UNIQUE (seeks, id));
		CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
		CREATE TRIGGER touch BEFORE UPDATE ON progress FOR EACH ROW EXECUTE FUNCTION touch();
		CREATE TRIGGER off BEFORE UPDATE ON progress FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TABLE progress DISABLE TRIGGER off;
		CREATE TABLE old_progress () INHERITS (progress);
		SELECT setval('progress_id_seq', 2000000000)`)
	d := open(t, Options{URI: fixed(uri), Mapping: progressMapping()})
	claim(t, d)
	report, err := d.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{
		`column "learner" for userId holds 36 characters; a record with a longer id is set aside`,
		"watched segments are not kept, since columns has no watchedSegments and watchedStep; lessons are completed without them",
		`the sequence of column "id" has 7 % of its values left, as many as the column can hold: ALTER TABLE "public"."progress" ALTER COLUMN "id" TYPE bigint; ` +
			`ALTER SEQUENCE progress_id_seq AS bigint MAXVALUE 9223372036854775807;`,
		"the unique index progress_seeks_id_key may refuse records",
		`triggers run with each write ("touch"); the role needs the rights on what they touch, unless their functions are SECURITY DEFINER`,
		`a record that a check constraint refuses is set aside ("progress_seeks_check")`,
		`a record whose learner, course or lesson is not in the table that a foreign key names is set aside ("progress_learner_fkey")`,
		`the table is UNLOGGED: a crash of Postgres empties it, and what it held is lost: ALTER TABLE "public"."progress" SET LOGGED;`,
		"other tables inherit from it; its unique index does not see their rows, so a key may be there twice",
	}, report.Notes); diff != "" {
		t.Error(diff)
	}
	for _, note := range report.Notes {
		for _, sql := range statement.FindAllString(note, -1) {
			pgtest.Execute(t, conn, sql)
		}
	}
	if report, err = d.Check(t.Context()); err != nil || len(report.Notes) != 7 {
		t.Errorf("notes %q, %v", report.Notes, err)
	}
	writeAndErase(t, d, func() (n int) {
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM progress").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	})
	var next int64
	pgtest.Execute(t, conn, "SELECT setval('progress_id_seq', 2147483647)")
	if err := conn.QueryRow(t.Context(), "SELECT nextval('progress_id_seq')").Scan(&next); err != nil || next != 2147483648 {
		t.Errorf("the next value is %d, %v", next, err)
	}
}

func TestWhatNeedsNoRightIsNotAskedFor(t *testing.T) {
	owner := pgtest.Connect(t, pgtest.Database(t))
	uri := limitedRole(t, owner, "plain_role")
	pgtest.Execute(t, owner, `CREATE TABLE learners (id text PRIMARY KEY); INSERT INTO learners VALUES ('1'), ('2');
		CREATE TABLE progress (id integer GENERATED BY DEFAULT AS IDENTITY, learner text REFERENCES learners, course text, lesson text, seeks integer, UNIQUE (learner, course, lesson));
		CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(new, old); END'; REVOKE EXECUTE ON FUNCTION touch FROM PUBLIC;
		CREATE TRIGGER touch BEFORE INSERT OR UPDATE OR DELETE ON progress FOR EACH ROW EXECUTE FUNCTION touch();
		GRANT SELECT, INSERT, UPDATE, DELETE ON progress TO plain_role`)
	d := open(t, Options{URI: fixed(uri), Mapping: progressMapping(), Migrations: config.MigrationsManual})
	if report, err := d.Check(t.Context()); err != nil || len(report.Notes) != 3 {
		t.Errorf("%+v, %v; want a note on segments, one on the trigger and one on the foreign key", report, err)
	}
	writeAndErase(t, d, func() (n int) {
		if err := owner.QueryRow(t.Context(), "SELECT count(*) FROM progress").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	})
}

func TestWhatTheCheckSaysOfOurOwnTablesHelpsWhenFollowed(t *testing.T) {
	const role = "own_role"
	for name, damage := range map[string]string{
		"no rights at all":   "REVOKE ALL ON ALL TABLES IN SCHEMA progress_sync FROM own_role; REVOKE ALL ON SCHEMA progress_sync FROM own_role",
		"no right to delete": "REVOKE DELETE ON progress_sync.lesson_progress FROM own_role",
		"row-level security": "ALTER TABLE progress_sync.lesson_progress ENABLE ROW LEVEL SECURITY; ALTER TABLE progress_sync.ledger ENABLE ROW LEVEL SECURITY",
	} {
		t.Run(name, func(t *testing.T) {
			owner := pgtest.Connect(t, pgtest.Database(t))
			uri := limitedRole(t, owner, role)
			pgtest.Execute(t, owner, damage)
			d := open(t, Options{URI: fixed(uri), Migrations: config.MigrationsManual})
			if first, _ := follow(t, owner, d, role, func(string) {}); first == "" {
				t.Error("the check found nothing")
			}
			writeAndErase(t, d, func() (n int) {
				if err := owner.QueryRow(t.Context(), "SELECT count(*) FROM progress_sync.lesson_progress").Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			})
		})
	}
}
