package postgres

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// pull reads all events from a place on, some at a time.
func pull(tb testing.TB, d *Database, from EventPlace, limit int) (ids []string, next EventPlace) {
	tb.Helper()
	for {
		page, err := d.ReadEvents(tb.Context(), from, limit, 7)
		if err != nil {
			tb.Fatal(err)
		}
		for _, e := range page.Events {
			ids = append(ids, e.ID)
		}
		if from = page.Next; len(page.Events) < limit {
			return ids, from
		}
	}
}

const completeOne = `INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq)
	VALUES (('00000000-0000-0000-0000-0000000000' || $1)::uuid, 'learner', 'u', 't', '{}', 'progress_sync.lesson_progress', 1)`

// All that is written shows once, in the order of transactions, whatever the order of
// their commits.
func TestReadingEventsMissesNoLateCommit(t *testing.T) {
	uri, conn := outbox(t)
	d := open(t, Options{URI: fixed(uri), Events: true})
	if ids, _ := pull(t, d, EventPlace{}, 3); len(ids) != 0 {
		t.Errorf("of an empty outbox %v", ids)
	}
	slow := pgtest.Connect(t, uri)
	pgtest.Execute(t, slow, "BEGIN")
	pgtest.Execute(t, slow, completeOne, "10")
	for i := range 4 {
		pgtest.Execute(t, conn, completeOne, strconv.Itoa(20+i))
	}
	seen, next := pull(t, d, EventPlace{}, 3)
	if len(seen) != 0 {
		t.Errorf("%v were read while an earlier transaction is under way", seen)
	}
	kit.Eventually(t, "the age of what is held back", func() error {
		page, err := d.ReadEvents(t.Context(), next, 3, 7)
		if err != nil {
			return err
		}
		return kit.Unless(page.HeldBack > 0, "nothing is held back")
	})
	pgtest.Execute(t, slow, "COMMIT")
	more, next := pull(t, d, next, 3)
	seen = append(seen, more...)
	pgtest.Execute(t, conn, completeOne, "30")
	more, next = pull(t, d, next, 3)
	seen = append(seen, more...)
	var want []string
	for _, n := range []int{10, 20, 21, 22, 23, 30} {
		want = append(want, "00000000-0000-0000-0000-0000000000"+strconv.Itoa(n))
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if more, _ = pull(t, d, next, 3); len(more) != 0 {
		t.Errorf("%v are read again", more)
	}
	if all, _ := pull(t, d, EventPlace{}, 2); !slices.Equal(all, want) {
		t.Errorf("read from the start, in twos: %v", all)
	}
}

func TestReadingEventsStartsEarlierInAnotherLifeOfTheServer(t *testing.T) {
	uri, conn := outbox(t)
	d := open(t, Options{URI: fixed(uri), Events: true})
	pgtest.Execute(t, conn, completeOne, "10")
	pgtest.Execute(t, conn, "UPDATE progress_sync.outbox SET created_at = now() - interval '1 hour'")
	pgtest.Execute(t, conn, completeOne, "11")
	_, next := pull(t, d, EventPlace{}, 10)
	next.Life = "0123456789abcdef" // as before a failover, after which numbers are used again
	next.Xid += 1000
	if ids, _ := pull(t, d, next, 10); len(ids) != 1 || ids[0][34:] != "11" {
		t.Errorf("read were %v, and only the events of the last minutes should be", ids)
	}
}

// What was committed without waiting for the disk may be gone then, and its numbers free.
func TestACrashBeginsAnotherLifeOfTheServer(t *testing.T) {
	server := pgtest.Private(t, pgtest.Options{})
	d := open(t, Options{URI: fixed(server.URI(pgtest.Superuser, "postgres")), Events: true})
	claim(t, d)
	life := func() string {
		t.Helper()
		page, err := d.ReadEvents(t.Context(), EventPlace{}, 1, 7)
		if err != nil {
			t.Fatal(err)
		}
		return page.Next.Life
	}
	for mode, same := range map[pgtest.StopMode]bool{pgtest.Fast: true, pgtest.Immediate: false} {
		before := life()
		if err := server.Stop(mode); err != nil {
			t.Fatal(err)
		}
		if err := server.StartAgain(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.Reload()
		kit.Eventually(t, "the server answers", func() error { return d.Ping(t.Context()) })
		if after := life(); after == before != same {
			t.Errorf("after stop %d the life is %s, before it %s", mode, after, before)
		}
	}
}

func TestWhatIsOlderThanTheRetentionIsToldAsGone(t *testing.T) {
	uri, conn := outbox(t)
	d := open(t, Options{URI: fixed(uri), Events: true})
	pgtest.Execute(t, conn, completeOne, "10")
	_, next := pull(t, d, EventPlace{}, 10)
	next.AsOf = next.AsOf.Add(-9 * 24 * time.Hour)
	if _, err := d.ReadEvents(t.Context(), next, 10, 7); !errors.Is(err, ErrEventsGone) {
		t.Errorf("a place of nine days ago: %v", err)
	}
	if _, err := d.ReadEvents(t.Context(), next, 10, 30); err != nil {
		t.Errorf("with a longer retention: %v", err)
	}
}

func TestEventsThatAreNotAskedForAreNotRead(t *testing.T) {
	m := tellingMapping()
	m.EventMark = ""
	for want, options := range map[error]Options{ErrEventsOff: {}, ErrEventsUnmarked: {Events: true, Mapping: m}} {
		options.URI = fixed("postgres://nowhere")
		if _, err := open(t, options).ReadEvents(t.Context(), EventPlace{}, 1, 7); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// Numbers of another server's transactions may be ahead of those here for years.
func TestEventsOfARestoredDumpAreRead(t *testing.T) {
	uri, conn := outbox(t)
	d := open(t, Options{URI: fixed(uri), Events: true})
	pgtest.Execute(t, conn, completeOne, "10")
	pgtest.Execute(t, conn, "UPDATE progress_sync.outbox SET xid = '9999999999'")
	if _, err := d.KeepEvents(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, conn, completeOne, "11")
	ids, next := pull(t, d, EventPlace{}, 10)
	if len(ids) != 2 || ids[1][34:] != "11" {
		t.Errorf("read were %v", ids)
	}
	pgtest.Execute(t, conn, completeOne, "12")
	if ids, _ = pull(t, d, next, 10); len(ids) != 1 || ids[0][34:] != "12" {
		t.Errorf("and then %v", ids)
	}
}

func TestASidecarKeepsTheOutbox(t *testing.T) {
	uri, conn := outbox(t)
	for _, on := range []bool{false, true} {
		if _, err := open(t, Options{URI: fixed(uri), Events: on}).KeepEvents(t.Context(), 7); on && err != nil || !on && !errors.Is(err, ErrEventsOff) {
			t.Fatal(err)
		}
		if n := pgtest.Value[int](t, conn, partitions); n != map[bool]int{false: 1, true: 5}[on] {
			t.Errorf("events are asked for: %t, and there are %d partitions", on, n)
		}
	}
}
