package orphans

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/timing"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		playRole()
		return
	}
	pgtest.Main(m)
}

var (
	keeping = buffer.Policy{Terms: timing.Only(timing.Terms{Interval: time.Hour}, 0), MaxPendingRecords: 100_000, ReplayWindow: time.Minute}
	sending = flush.Policy{
		BatchSize: 7, MaxRetries: 3, InitialDelay: 10 * time.Millisecond, MaxDelay: 50 * time.Millisecond, Interval: time.Minute,
	}
)

type counter struct{ written, failed atomic.Int64 }

func (c *counter) OrphanWritten() { c.written.Add(1) }
func (c *counter) OrphanFailed()  { c.failed.Add(1) }

func newDrainer(root, uri string, patience time.Duration) (*Drainer, *counter, func()) {
	c := &counter{}
	db := postgres.New(postgres.Options{URI: func() (string, error) { return uri, nil }})
	return New(Options{
		Spool: filepath.Join(root, uuid.NewString()), Database: db, Observer: state.New(state.Options{}), Counter: c,
		Policies: func() (buffer.Policy, flush.Policy) { return keeping, sending }, Log: logr.Discard(),
		Every: 10 * time.Millisecond, Grace: 30 * time.Millisecond, Patience: patience,
	}), c, db.Close
}

// drainAll runs d until nothing is left in the root but what is expected to stay.
func drainAll(t *testing.T, d *Drainer, stays ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	defer running.Wait()
	defer stop()
	kit.Eventually(t, "nothing more is left", func() error {
		left := directories(t, d.root)
		return kit.Unless(slices.Equal(left, stays), left)
	})
}

func directories(t *testing.T, root string) []string {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func updates(keys int) []progress.Update {
	var all []progress.Update
	for i := range keys {
		all = append(all, progress.Update{
			Key: progress.Key{UserID: fmt.Sprintf("learner-%d", i), CourseID: "c", LessonID: "l"}, SeekEvents: 1,
		})
	}
	return all
}

// saved are the sums of the learners' seeks, and how many learners there are
// with each.
func saved(t *testing.T, uri string) map[int64]int {
	t.Helper()
	rows, err := pgtest.Connect(t, uri).Query(t.Context(), "SELECT seek_events, count(*) FROM progress_sync.lesson_progress GROUP BY 1")
	if err != nil {
		t.Fatal(err)
	}
	all := map[int64]int{}
	var seeks int64
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&seeks, &n}, func() error { all[seeks] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatKilledSidecarsLeftIsWrittenOnceAndRemoved(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	for range 2 {
		kill(t, accept(t, filepath.Join(root, uuid.NewString()), 200))
	}
	living := uuid.NewString()
	accept(t, filepath.Join(root, living), 200)
	d, counts, end := newDrainer(root, uri, time.Minute)
	defer end()
	drainAll(t, d, living)
	if diff := cmp.Diff(map[int64]int{2: 200}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
	if n := counts.written.Load(); n != 2 || counts.failed.Load() != 0 {
		t.Errorf("%d written, %d failed", n, counts.failed.Load())
	}
}

func TestSeveralSidecarsThatDrainAtOnceWriteEverythingOnce(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	const spools = 6
	for range spools {
		kill(t, accept(t, filepath.Join(root, uuid.NewString()), 100))
	}
	var drainers []*process
	for range 3 {
		drainers = append(drainers, start(t, "drain", root, uri))
	}
	for _, p := range drainers {
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	if left := directories(t, root); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
	if diff := cmp.Diff(map[int64]int{spools: 100}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
}

func TestWhileTheDatabaseIsAwayASpoolIsKept(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	kill(t, accept(t, filepath.Join(root, uuid.NewString()), 50))
	away, counts, end := newDrainer(root, "postgres://127.0.0.1:1/nothing", 50*time.Millisecond)
	defer end()
	kit.Eventually(t, "a failure is counted", func() error {
		away.pass(t.Context(), time.Now())
		return kit.Unless(counts.failed.Load() > 0, "none")
	})
	if left := directories(t, root); len(left) != 1 {
		t.Fatalf("left are %v", left)
	}
	d, _, end := newDrainer(root, uri, time.Minute)
	defer end()
	drainAll(t, d)
	if diff := cmp.Diff(map[int64]int{1: 50}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
}

func TestASpoolThatHoldsRefusedRecordsStays(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	kill(t, accept(t, filepath.Join(root, uuid.NewString()), 50))
	db := postgres.New(postgres.Options{URI: func() (string, error) { return uri, nil }})
	defer db.Close()
	if _, err := db.Claim(t.Context(), uuid.NewString(), uuid.NewString(), 1, nil); err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, pgtest.Connect(t, uri), "ALTER TABLE progress_sync.lesson_progress ADD CONSTRAINT c CHECK (user_id <> 'learner-7')")
	d, counts, end := newDrainer(root, uri, time.Minute)
	defer end()
	kit.Eventually(t, "it is written", func() error {
		d.pass(t.Context(), time.Now())
		return kit.Unless(len(d.done) > 0, "nothing is done")
	})
	if diff := cmp.Diff(map[int64]int{1: 49}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
	if left := directories(t, root); len(left) != 1 || counts.written.Load() != 0 {
		t.Errorf("left are %v, %d written", left, counts.written.Load())
	}
}

// TestErasuresThatWaitAreDoneForAGonePod lets the database refuse one of them,
// which keeps the spool, but neither its records nor the other erasures.
func TestErasuresThatWaitAreDoneForAGonePod(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	conn := pgtest.Connect(t, uri)
	first, _, end := newDrainer(root, uri, time.Minute)
	defer end()
	kill(t, accept(t, filepath.Join(root, uuid.NewString()), 20))
	drainAll(t, first)
	pgtest.Execute(t, conn, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF OLD.user_id = 'learner-1' THEN RAISE EXCEPTION 'kept by law'; END IF; RETURN OLD; END $$;
		CREATE TRIGGER refuse BEFORE DELETE ON progress_sync.lesson_progress FOR EACH ROW EXECUTE FUNCTION refuse()`)
	b, err := buffer.Open(buffer.Options{Dir: filepath.Join(root, uuid.NewString()), Policy: keeping})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := b.Erase(t.Context(), fmt.Sprintf("learner-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Put(t.Context(), updates(20)[10:]); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	d, counts, end := newDrainer(root, uri, time.Minute)
	defer end()
	kit.Eventually(t, "the refusal is counted", func() error {
		d.pass(t.Context(), time.Now())
		return kit.Unless(counts.failed.Load() > 0, "none")
	})
	if left := directories(t, root); len(left) != 1 || counts.written.Load() != 0 {
		t.Errorf("left are %v, %d written", left, counts.written.Load())
	}
	// learner-1 and 3 to 9 have one seek each, the last ten two.
	if diff := cmp.Diff(map[int64]int{1: 8, 2: 10}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
	pgtest.Execute(t, conn, "DROP TRIGGER refuse ON progress_sync.lesson_progress")
	drainAll(t, d)
	if diff := cmp.Diff(map[int64]int{1: 7, 2: 10}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
}

func TestOnlyUnusedSpoolsOfPodsAreOrphans(t *testing.T) {
	root := t.TempDir()
	own, fresh, orphan := uuid.NewString(), uuid.NewString(), uuid.NewString()
	for _, name := range []string{own, fresh, orphan, movedPrefix + orphan + "-12345678", "postgres", movedPrefix, "lost+found"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name, lockFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, uuid.NewString()), 0o700); err != nil { // no spool
		t.Fatal(err)
	}
	d := New(Options{Spool: filepath.Join(root, own)})
	now := time.Now()
	see := func(after time.Duration, want ...string) {
		t.Helper()
		got, err := d.find(now.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("after %s: %v, want %v", after, got, want)
		}
	}
	see(0)
	see(Grace - time.Second)
	if err := os.Chtimes(filepath.Join(root, fresh, lockFile), now, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	see(Grace, orphan, movedPrefix+orphan+"-12345678")
	for name, want := range map[string]bool{own: true, "spool": false, movedName(own): true, own + "x": false} {
		if Possible(filepath.Join(root, name)) != want {
			t.Errorf("%s: possible is %v", name, !want)
		}
	}
}
