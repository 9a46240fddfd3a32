package flush

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// quick retries as fast as a test wants it.
var quick = Policy{
	BatchSize: 5, MaxRetries: 3, InitialDelay: 10 * time.Millisecond, MaxDelay: 50 * time.Millisecond, Interval: time.Minute,
}

func openDatabase(t *testing.T, uri string) *postgres.Database {
	t.Helper()
	db := postgres.New(postgres.Options{URI: func() (string, error) { return uri, nil }})
	t.Cleanup(db.Close)
	return db
}

// sums are what the table holds: updates and seeks of each learner.
func sums(t *testing.T, conn *pgx.Conn) map[string][2]int64 {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT user_id, update_count, seek_events FROM progress_sync.lesson_progress`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][2]int64{}
	var user string
	var updates, seeks int64
	if _, err := pgx.ForEachRow(rows, []any{&user, &updates, &seeks}, func() error {
		all[user] = [2]int64{updates, seeks}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// until waits until the observer was told that the condition is in this phase.
func (f *fixture) until(t *testing.T, phase Phase) {
	t.Helper()
	kit.Eventually(t, "the condition is reported", func() error {
		c := f.seen.condition()
		return kit.Unless(c.Phase == phase, c)
	})
}

// untilWritten waits until the database has all that was put.
func (f *fixture) untilWritten(t *testing.T) {
	t.Helper()
	kit.Eventually(t, "everything is written", func() error {
		s := f.buffer.Stats()
		return kit.Unless(s.Pending+s.InFlight == 0, s)
	})
}

const terminateOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`

func TestAgainstPostgresNothingIsLostOrDoubledWhileBackendsAndProcessesDie(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	disk := disktest.New()
	rng := rand.New(rand.NewPCG(7, 7))
	acknowledged := map[string]int64{}

	work := func(b *buffer.Buffer) {
		var keys []int
		for range 1 + rng.IntN(20) {
			keys = append(keys, rng.IntN(40))
		}
		put(t, b, keys...)
		for _, k := range keys {
			acknowledged[key(k).UserID]++
		}
		b.MakeDue(buffer.Filter{})
	}
	retries := 0
	for life := range 15 {
		b := openBuffer(t, disk, bufferPolicy)
		c := newCrasher(disk, rand.New(rand.NewPCG(7, uint64(life))))
		c.arm(1+rng.IntN(60), rng.IntN(101))
		seen := &journal{}
		_, stop := launch(mortalBuffer{b, c}, openDatabase(t, uri), quick, seen)
		for !c.died() {
			progressed := b.Progressed()
			c.alive(func() { work(b) })
			if rng.IntN(3) == 0 {
				pgtest.Execute(t, admin, terminateOthers)
			}
			select {
			case <-progressed:
			case <-c.gone:
			}
		}
		_ = stop()
		retries += seen.retries
		disk = c.clone
	}
	b := openBuffer(t, disk, bufferPolicy)
	f := start(t, b, openDatabase(t, uri), quick)
	work(b)
	if n, err := f.Drain(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d left: %v", n, err)
	}
	if retries == 0 {
		t.Error("no terminated backend was noticed")
	}

	want := map[string][2]int64{}
	for user, n := range acknowledged {
		want[user] = [2]int64{n, n}
	}
	got := sums(t, admin)
	for user, n := range want {
		if got[user] != n {
			t.Errorf("%s: saved %v, want %v", user, got[user], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
}

func TestAgainstPostgresARefusedRecordIsSetAside(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	b := openBuffer(t, disktest.New(), bufferPolicy)
	f := start(t, b, openDatabase(t, uri), quick)
	put(t, b, 1)
	if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, admin, fmt.Sprintf(
		`ALTER TABLE progress_sync.lesson_progress ADD CONSTRAINT no_seven CHECK (user_id <> '%s')`, key(7).UserID))
	put(t, b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
		t.Fatal(err)
	}
	got := sums(t, admin)
	if len(got) != 9 || got[key(1).UserID] != [2]int64{2, 2} || got[key(7).UserID] != [2]int64{} {
		t.Errorf("saved %v", got)
	}
	if n := b.Stats().DeadLetters; n != 1 {
		t.Errorf("%d dead letters", n)
	}
	if q := f.seen.quarantined; len(q) != 1 || q[0].SQLState != "23514" || q[0].Constraint != "no_seven" {
		t.Errorf("reported %+v", q)
	}
}

func TestAgainstPostgresAMissingGrantIsHeldUntilItIsGiven(t *testing.T) {
	server := pgtest.Shared(t)
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	if err := server.CreateRole(t.Context(), "lms", "secret"); err != nil {
		t.Fatal(err)
	}
	database := admin.Config().Database
	first := postgres.New(postgres.Options{URI: func() (string, error) { return uri, nil }})
	defer first.Close()
	if _, err := first.Claim(t.Context(), "3f0e8c9c-7d43-4c53-9a51-0a8f6c2d1b11", "3f0e8c9c-7d43-4c53-9a51-0a8f6c2d1b12", 1, nil); err != nil {
		t.Fatal(err)
	}
	b := openBuffer(t, disktest.New(), bufferPolicy)
	f := start(t, b, openDatabase(t, server.URI("lms", database)), quick)
	put(t, b, 1, 2, 3)
	failure := notSaved(t, f.Sync(t.Context(), buffer.Filter{}))
	if failure.Retry != postgres.Hold || failure.Message == "" {
		t.Errorf("failure %+v", failure)
	}
	f.until(t, PhaseHeld)
	pgtest.Execute(t, admin, `GRANT USAGE ON SCHEMA progress_sync TO lms`)
	pgtest.Execute(t, admin, `GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA progress_sync TO lms`)
	f.untilWritten(t)
	if got := sums(t, admin); len(got) != 3 {
		t.Errorf("saved %v", got)
	}
	pgtest.Execute(t, admin, `DROP OWNED BY lms`)
}

func TestAgainstPostgresADatabaseThatFellBackGetsWhatItLacks(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	b := openBuffer(t, disktest.New(), bufferPolicy)
	f := start(t, b, openDatabase(t, uri), quick)
	save := func(keys ...int) {
		t.Helper()
		put(t, b, keys...)
		if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
			t.Fatal(err)
		}
	}
	save(1, 2, 3, 4, 5, 6)
	pgtest.Execute(t, admin, `CREATE TABLE old_ledger AS TABLE progress_sync.ledger`)
	pgtest.Execute(t, admin, `CREATE TABLE old_progress AS TABLE progress_sync.lesson_progress`)
	save(1, 2, 3)
	save(4, 5, 6)
	save(1, 6)
	pgtest.Execute(t, admin, `BEGIN;
		DELETE FROM progress_sync.ledger; INSERT INTO progress_sync.ledger TABLE old_ledger;
		DELETE FROM progress_sync.lesson_progress; INSERT INTO progress_sync.lesson_progress TABLE old_progress;
		COMMIT`)
	save(1, 2, 3, 4, 5, 6)
	f.Nudge()
	want := map[int]int64{1: 4, 2: 3, 3: 3, 4: 3, 5: 3, 6: 4}
	kit.Eventually(t, "all is as it was", func() error {
		got := sums(t, admin)
		for k, n := range want {
			if got[key(k).UserID] != [2]int64{n, n} {
				return fmt.Errorf("%v", got)
			}
		}
		return nil
	})
	f.seen.mu.Lock()
	defer f.seen.mu.Unlock()
	if f.seen.replayed == 0 {
		t.Error("no replay was reported")
	}
}

func TestAgainstPostgresALostLedgerIsClaimedAgain(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	b := openBuffer(t, disktest.New(), bufferPolicy)
	f := start(t, b, openDatabase(t, uri), quick)
	put(t, b, 1, 2, 3)
	if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, admin, `DROP SCHEMA progress_sync CASCADE`)
	put(t, b, 1, 2, 3)
	kit.Eventually(t, "the schema is back and all is in it", func() error {
		if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
			return err
		}
		got := sums(t, admin)
		all := got[key(1).UserID] == [2]int64{2, 2} && got[key(2).UserID] == [2]int64{2, 2} && got[key(3).UserID] == [2]int64{2, 2}
		return kit.Unless(all, got)
	})
}

func TestAgainstPostgresAnOldCopyOfASpoolFencesNobody(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	disk := disktest.New()
	b := openBuffer(t, disk, bufferPolicy)
	good := start(t, b, openDatabase(t, uri), quick)
	save(t, good, 1, 2, 3, 4)
	old := disk.Crashed(0, nil)
	save(t, good, 1, 2, 3, 4)
	stale := start(t, openBuffer(t, old, bufferPolicy), openDatabase(t, uri), quick)
	for range 5 {
		put(t, stale.buffer, 1, 2, 3, 4)
		if failure := notSaved(t, stale.Sync(t.Context(), buffer.Filter{})); failure.Class != ClassStaleSpool {
			t.Fatalf("class %s", failure.Class)
		}
		save(t, good, 1, 2, 3, 4)
	}
	for user, n := range sums(t, admin) {
		if n != [2]int64{7, 7} {
			t.Errorf("%s: saved %v", user, n)
		}
	}
}

func TestAgainstPostgresANewerProcessFencesAnOlder(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	disk := disktest.New()
	b := openBuffer(t, disk, bufferPolicy)
	older := start(t, b, openDatabase(t, uri), quick)
	put(t, b, 1, 2, 3, 4)
	if err := older.Sync(t.Context(), buffer.Filter{}); err != nil {
		t.Fatal(err)
	}
	copied := openBuffer(t, disk.Crashed(100, rand.New(rand.NewPCG(1, 1))), bufferPolicy)
	newer := start(t, copied, openDatabase(t, uri), quick)
	put(t, copied, 1, 2, 3, 4)
	if err := newer.Sync(t.Context(), buffer.Filter{}); err != nil {
		t.Fatal(err)
	}
	put(t, b, 1, 2, 3, 4)
	if failure := notSaved(t, older.Sync(t.Context(), buffer.Filter{})); failure.Class != ClassFenced {
		t.Errorf("class %s", failure.Class)
	}
	for user, n := range sums(t, admin) {
		if n != [2]int64{2, 2} {
			t.Errorf("%s: saved %v", user, n)
		}
	}
	if len(b.Unsaved(buffer.Filter{})) != 4 {
		t.Error("the fenced process has not kept what it accepted")
	}
}

// guard lets a trigger do something to the rows of the learners that a condition
// matches.
func guard(condition, what string) string {
	return fmt.Sprintf(`CREATE OR REPLACE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF %s THEN %s; END IF; RETURN NEW; END $$;
		CREATE OR REPLACE TRIGGER guard BEFORE INSERT OR UPDATE ON progress_sync.lesson_progress FOR EACH ROW EXECUTE FUNCTION guard()`,
		condition, what)
}

func TestAgainstPostgresWhomATriggerRefusesHoldsNobodyElse(t *testing.T) {
	for name, c := range map[string]struct{ what, state string }{
		"by an exception":          {"RAISE EXCEPTION 'no'", "P0001"},
		"by a code of its own":     {"RAISE EXCEPTION 'no' USING ERRCODE = 'LMS01'", "LMS01"},
		"by denying a right":       {"RAISE insufficient_privilege", "42501"},
		"by a constraint":          {"NEW.percentage = NULL", "23502"},
		"by swallowing the record": {"RETURN NULL", ""},
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			admin := pgtest.Connect(t, uri)
			b := openBuffer(t, disktest.New(), bufferPolicy)
			f := start(t, b, openDatabase(t, uri), quick)
			put(t, b, 99)
			if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
				t.Fatal(err)
			}
			pgtest.Execute(t, admin, guard(fmt.Sprintf("NEW.user_id = '%s'", key(7).UserID), c.what))
			put(t, b, learners(61)...)
			if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
				t.Fatal(err)
			}
			got := sums(t, admin)
			for _, k := range learners(61) {
				want := [2]int64{1, 1}
				if k == 7 {
					want = [2]int64{}
				}
				if got[key(k).UserID] != want {
					t.Errorf("learner %d: %v, want %v", k, got[key(k).UserID], want)
				}
			}
			letters, _, err := b.ListDeadLetters(0, 10)
			if err != nil || len(letters) != 1 || letters[0].Record.Key != key(7) || letters[0].Reason.SQLState != c.state {
				t.Errorf("set aside %+v, %v", letters, err)
			}
			// Its trigger mended, the record is written, once.
			pgtest.Execute(t, admin, "DROP TRIGGER guard ON progress_sync.lesson_progress")
			if err := b.ReplayDeadLetter(letters[0].ID); err != nil {
				t.Fatal(err)
			}
			if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
				t.Fatal(err)
			}
			if got := sums(t, admin)[key(7).UserID]; got != [2]int64{1, 1} {
				t.Errorf("after the replay: %v", got)
			}
		})
	}
}

func TestAgainstPostgresATableThatRefusesEverybodyIsHeld(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	b := openBuffer(t, disktest.New(), bufferPolicy)
	f := start(t, b, openDatabase(t, uri), quick)
	put(t, b, 99)
	if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, admin, guard("true", "RAISE EXCEPTION 'closed'"))
	put(t, b, learners(61)...)
	if failure := notSaved(t, f.Sync(t.Context(), buffer.Filter{})); failure.SQLState != "P0001" {
		t.Errorf("failure %+v", failure)
	}
	f.until(t, PhaseHeld)
	if s := b.Stats(); s.DeadLetters != 0 || s.Pending+s.InFlight != 61 {
		t.Errorf("in the spool: %+v", s)
	}
	pgtest.Execute(t, admin, "DROP TRIGGER guard ON progress_sync.lesson_progress")
	f.untilWritten(t)
	if got := sums(t, admin); len(got) != 62 {
		t.Errorf("saved %d rows", len(got))
	}
	if n := b.Stats().DeadLetters; n != 0 {
		t.Errorf("%d dead letters", n)
	}
	f.until(t, PhaseWorking)
}
