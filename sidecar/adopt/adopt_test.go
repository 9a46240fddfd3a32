package adopt

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
	held    = buffer.Policy{Interval: time.Hour, MaxPendingRecords: 100_000, ReplayWindow: time.Minute}
	written = flush.Policy{
		BatchSize: 7, MaxRetries: 3, InitialDelay: 10 * time.Millisecond, MaxDelay: 50 * time.Millisecond, Interval: time.Minute,
	}
)

type counter struct{ adopted, failed atomic.Int64 }

func (c *counter) SpoolAdopted()   { c.adopted.Add(1) }
func (c *counter) AdoptionFailed() { c.failed.Add(1) }

func newAdopter(root, uri string, patience time.Duration) (*Adopter, *counter, func()) {
	c := &counter{}
	db := postgres.New(postgres.Options{URI: func() (string, error) { return uri, nil }})
	return New(Options{
		Spool: filepath.Join(root, uuid.NewString()), Database: db, Observer: state.New(state.Options{}), Counter: c,
		Policies: func() (buffer.Policy, flush.Policy) { return held, written }, Log: logr.Discard(),
		Every: 10 * time.Millisecond, Grace: 30 * time.Millisecond, Patience: patience,
	}), c, db.Close
}

// adoptAll looks until nothing is left in the root but what is expected to stay.
func adoptAll(t *testing.T, a *Adopter, stays ...string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	defer running.Wait()
	defer stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if left := directories(t, a.root); slices.Equal(left, stays) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("left are %v, want %v", directories(t, a.root), stays)
		case <-tick.C:
		}
	}
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
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), "SELECT seek_events, count(*) FROM progress_sync.lesson_progress GROUP BY 1")
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
		kill(t, hold(t, filepath.Join(root, uuid.NewString()), 200))
	}
	living := uuid.NewString()
	hold(t, filepath.Join(root, living), 200)
	a, counts, end := newAdopter(root, uri, time.Minute)
	defer end()
	adoptAll(t, a, living)
	if diff := cmp.Diff(map[int64]int{2: 200}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
	if n := counts.adopted.Load(); n != 2 || counts.failed.Load() != 0 {
		t.Errorf("%d adopted, %d failed", n, counts.failed.Load())
	}
}

func TestSeveralSidecarsThatAdoptAtOnceWriteEverythingOnce(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	const spools = 6
	for range spools {
		kill(t, hold(t, filepath.Join(root, uuid.NewString()), 100))
	}
	var adopters []*process
	for range 3 {
		adopters = append(adopters, start(t, "adopt", root, uri))
	}
	for _, p := range adopters {
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
	kill(t, hold(t, filepath.Join(root, uuid.NewString()), 50))
	away, counts, end := newAdopter(root, "postgres://127.0.0.1:1/nothing", 50*time.Millisecond)
	defer end()
	for begin := time.Now(); counts.failed.Load() == 0; {
		away.look(t.Context(), time.Now())
		if time.Since(begin) > 20*time.Second {
			t.Fatal("no failure was counted")
		}
	}
	if left := directories(t, root); len(left) != 1 {
		t.Fatalf("left are %v", left)
	}
	a, _, end := newAdopter(root, uri, time.Minute)
	defer end()
	adoptAll(t, a)
	if diff := cmp.Diff(map[int64]int{1: 50}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
}

func TestASpoolThatHoldsRefusedRecordsStays(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	kill(t, hold(t, filepath.Join(root, uuid.NewString()), 50))
	db := postgres.New(postgres.Options{URI: func() (string, error) { return uri, nil }})
	defer db.Close()
	if _, err := db.Claim(t.Context(), uuid.NewString(), uuid.NewString(), 1, nil); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(),
		"ALTER TABLE progress_sync.lesson_progress ADD CONSTRAINT c CHECK (user_id <> 'learner-7')"); err != nil {
		t.Fatal(err)
	}
	a, counts, end := newAdopter(root, uri, time.Minute)
	defer end()
	for begin := time.Now(); len(a.done) == 0; {
		a.look(t.Context(), time.Now())
		if time.Since(begin) > 20*time.Second {
			t.Fatal("not written")
		}
	}
	if diff := cmp.Diff(map[int64]int{1: 49}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
	if left := directories(t, root); len(left) != 1 || counts.adopted.Load() != 0 {
		t.Errorf("left are %v, %d adopted", left, counts.adopted.Load())
	}
}

// TestErasuresThatWaitAreDoneForAGonePod lets the database refuse one of them,
// which keeps the spool, but neither its records nor the other erasures.
func TestErasuresThatWaitAreDoneForAGonePod(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	first, _, end := newAdopter(root, uri, time.Minute)
	defer end()
	kill(t, hold(t, filepath.Join(root, uuid.NewString()), 20))
	adoptAll(t, first)
	if _, err := conn.Exec(t.Context(), `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF OLD.user_id = 'learner-1' THEN RAISE EXCEPTION 'kept by law'; END IF; RETURN OLD; END $$;
		CREATE TRIGGER refuse BEFORE DELETE ON progress_sync.lesson_progress FOR EACH ROW EXECUTE FUNCTION refuse()`); err != nil {
		t.Fatal(err)
	}
	b, err := buffer.Open(buffer.Options{Dir: filepath.Join(root, uuid.NewString()), Policy: held})
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
	a, counts, end := newAdopter(root, uri, time.Minute)
	defer end()
	for begin := time.Now(); counts.failed.Load() == 0; {
		a.look(t.Context(), time.Now())
		if time.Since(begin) > 20*time.Second {
			t.Fatal("the refusal was not counted")
		}
	}
	if left := directories(t, root); len(left) != 1 || counts.adopted.Load() != 0 {
		t.Errorf("left are %v, %d adopted", left, counts.adopted.Load())
	}
	// learner-1 and 3 to 9 have one seek each, the last ten two.
	if diff := cmp.Diff(map[int64]int{1: 8, 2: 10}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
	if _, err := conn.Exec(t.Context(), "DROP TRIGGER refuse ON progress_sync.lesson_progress"); err != nil {
		t.Fatal(err)
	}
	adoptAll(t, a)
	if diff := cmp.Diff(map[int64]int{1: 7, 2: 10}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
}

func TestOnlyUnusedSpoolsOfPodsAreOrphans(t *testing.T) {
	root := t.TempDir()
	own, fresh, orphan := uuid.NewString(), uuid.NewString(), uuid.NewString()
	for _, name := range []string{own, fresh, orphan, prefix + orphan + "-12345678", "postgres", "adopted-", "lost+found"} {
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
	a := New(Options{Spool: filepath.Join(root, own)})
	now := time.Now()
	see := func(after time.Duration, want ...string) {
		t.Helper()
		got, err := a.orphans(now.Add(after))
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
	see(Grace, orphan, prefix+orphan+"-12345678")
	for name, want := range map[string]bool{own: true, "spool": false, adoptedName(own): true, own + "x": false} {
		if Possible(filepath.Join(root, name)) != want {
			t.Errorf("%s: possible is %v", name, !want)
		}
	}
}
