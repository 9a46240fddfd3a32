package orphans

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// strayed leaves a spool with an update of 10 learners, of which 6 wait for their home
// too.
func strayed(t *testing.T, root string) {
	t.Helper()
	b, err := buffer.Open(buffer.Options{Dir: filepath.Join(root, uuid.NewString()), Policy: keeping})
	if err != nil {
		t.Fatal(err)
	}
	all := updates(10)
	if _, err := b.Put(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].EventID = fmt.Sprint("event-", i)
	}
	if _, err := b.PutStray(t.Context(), all[:6]); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStraysOfAnOrphanAreWrittenWhereThereIsNoOtherWay(t *testing.T) {
	uri := pgtest.Database(t)
	root := t.TempDir()
	strayed(t, root)
	d, _, end := newDrainer(root, uri, time.Minute)
	defer end()
	drainAll(t, d)
	if diff := cmp.Diff(map[int64]int{1: 4, 2: 6}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
}

// Written under the orphan's writer id they would count beside what another sidecar has
// handed to their home.
func TestStraysOfAnOrphanGoOnToTheirHome(t *testing.T) {
	uri := pgtest.Database(t)
	root, own := t.TempDir(), keeping
	strayed(t, root)
	own.EventIDs, own.MaxPendingRecords = buffer.DefaultEventIDs(), 3
	b, err := buffer.Open(buffer.Options{Dir: filepath.Join(t.TempDir(), "own"), Policy: own})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := b.Erase(t.Context(), "learner-0"); err != nil {
		t.Fatal(err)
	}
	d, counts, end := newDrainer(root, uri, time.Minute)
	defer end()
	d.o.Strays = func(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
		results, err := b.PutStray(ctx, updates)
		if b.Stats().Strays == 3 { // there is room at the next try
			own.MaxPendingRecords = 100
			b.SetPolicy(own)
		}
		return results, err
	}
	drainAll(t, d)
	if diff := cmp.Diff(map[int64]int{1: 10}, saved(t, uri)); diff != "" {
		t.Errorf("learners with so many seeks (-want +got):\n%s", diff)
	}
	strays, _ := b.Strays(0, 100)
	if len(strays) != 5 || strays[0].Update.EventID != "event-1" || strays[4].Update.EventID != "event-5" {
		t.Errorf("passed on are %+v", strays)
	}
	if counts.failed.Load() == 0 {
		t.Error("that there was no room was not counted")
	}
}
