package sidecar

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const (
	// compared is a policy with three arms, whose intervals nobody waits for.
	compared = `{"policy":{"name":"lms","generation":1},"sync":{"interval":"1h","batchSize":1000},"variants":{"seed":"spring","arms":[
		{"name":"usual","weight":600},{"name":"slow","weight":300,"sync":{"quietPeriod":"50m"}},{"name":"quick","weight":100,"sync":{"interval":"30m"}}]}}`
	// inSQL is the arm of a row's learner.
	inSQL = `progress_sync.variant_of(user_id, 'spring', '{600,300,100}', '{usual,slow,quick}')`
	// drawn are the learners that are compared. The tests of sidecar/variant hold the
	// draw of more of them against the weights.
	drawn = 4_000
)

// One learner who changes arms spoils a comparison, and arms that don't add up decide it
// wrongly.
func TestEachLearnerKeepsItsArmAndTheArmsAddUpToTheWhole(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, compared, 2)
	conn := pgtest.Connect(t, uri)
	rows := func(where string) int64 {
		return pgtest.Value[int64](t, conn, "SELECT count(*) FROM progress_sync.lesson_progress WHERE "+where)
	}

	arms := armsOf(t, func(learner int) *process { return fleet[learner%2] })
	in := map[string]int{}
	for _, arm := range arms {
		in[arm]++
	}
	for arm, percent := range map[string]float64{"usual": 60, "slow": 30, "quick": 10} {
		if got := 100 * float64(in[arm]) / drawn; math.Abs(got-percent) > 1 {
			t.Errorf("%s has %.2f %% of the learners, not %g %%", arm, got, percent)
		}
	}
	allSaved(t, fleet)
	if got, want := addUp(t, fleet), (armSums{drawn, drawn, drawn}); got != want || rows("update_count = 1") != drawn {
		t.Errorf("the arms have %+v, and the table %d rows; want %+v", got, rows("update_count = 1"), want)
	}
	same(t, arms, drawnInSQL(t, conn), "in SQL")

	// Those who were at the other sidecar are asked for here the first time.
	fleet[0].terminate(t)
	fleet[0].start(t)
	acquainted(t, fleet, 2)
	same(t, arms, armsOf(t, func(int) *process { return fleet[0] }), "at a sidecar that was restarted")

	postToEither(t, fleet)
	for _, p := range fleet {
		p.configure(t, strings.NewReplacer(`"generation":1`, `"generation":2`, `"1h"`, `"90m"`, `"30m"`, `"1s"`).Replace(compared))
	}
	kit.Eventually(t, "the arm whose interval is short now to be written", func() error {
		written := rows("update_count = 2")
		return kit.Unless(written >= int64(in["quick"]), fmt.Sprintf("%d of %d rows", written, in["quick"]))
	})
	if n := rows("(update_count = 2) <> (" + inSQL + " = 'quick')"); n != 0 {
		t.Errorf("%d rows are written by the interval of another arm", n)
	}
	for _, p := range fleet {
		if d := p.document(t); d.PolicyGeneration != 2 || len(d.Classes) != 1 || d.Classes[0].IntervalSeconds != 5400 {
			t.Errorf("the configuration in use is %d, with classes %+v", d.PolicyGeneration, d.Classes)
		}
	}
	same(t, arms, armsOf(t, func(int) *process { return fleet[1] }), "at the other sidecar, after a change of intervals")

	allSaved(t, fleet)
	if got := addUp(t, fleet); got.learners != drawn {
		t.Errorf("after two updates of each learner the arms have %d learners", got.learners)
	}
	if n := rows("update_count = 2"); n != drawn {
		t.Errorf("%d learners have both of their updates", n)
	}
	same(t, arms, drawnInSQL(t, conn), "in SQL, in the end")
}

// armsOf posts the first update of each learner, always the same event, and returns the
// arms that the answers name. A sidecar that is not the learner's home names it too.
func armsOf(t *testing.T, to func(learner int) *process) []string {
	t.Helper()
	const clients = 48 // which share the syncs of the disk
	arms := make([]string, drawn)
	var group errgroup.Group
	for client := range clients {
		group.Go(func() error {
			for learner := client; learner < drawn; learner += clients {
				code, text, err := to(learner).Do(t.Context(), http.MethodPost, "/v1/progress", updateOf(learner, "first"))
				if err != nil || code != http.StatusOK {
					return fmt.Errorf("answered %d %s: %w", code, text, err)
				}
				var answer struct{ Sync struct{ Variant string } }
				if err := json.Unmarshal([]byte(text), &answer); err != nil {
					return fmt.Errorf("reading %s: %w", text, err)
				}
				arms[learner] = answer.Sync.Variant
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return arms
}

func updateOf(learner int, event string) string {
	return fmt.Sprintf(`{"userId":"%d","courseId":"c","lessonId":"l","watchedDelta":1,"eventId":%q}`, learner, event)
}

// postToEither posts a second update of each learner, many at once.
func postToEither(t *testing.T, fleet []*process) {
	t.Helper()
	const items = 400
	for first := 0; first < drawn; first += items {
		updates := make([]string, items)
		for i := range updates {
			updates[i] = updateOf(first+i, "second")
		}
		fleet[first/items%2].post(t, "["+strings.Join(updates, ",")+"]")
	}
}

// drawnInSQL are the arms by the learners' rows.
func drawnInSQL(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	arms := make([]string, drawn)
	rows, err := conn.Query(t.Context(), "SELECT user_id::integer, "+inSQL+" FROM progress_sync.lesson_progress")
	if err != nil {
		t.Fatal(err)
	}
	var learner int
	var arm string
	if _, err := pgx.ForEachRow(rows, []any{&learner, &arm}, func() error {
		arms[learner] = arm
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return arms
}

// same objects where a learner's arm is another one than before.
func same(t *testing.T, before, now []string, where string) {
	t.Helper()
	differ := 0
	for learner := range before {
		if now[learner] != before[learner] {
			differ++
		}
	}
	if differ > 0 {
		t.Errorf("%s, %d learners of %d are in another arm", where, differ, len(before))
	}
}

// armSums are over all arms.
type armSums struct{ learners, updates, rows int64 }

// addUp objects where a sidecar's arms don't add up to what it counts without them, and
// returns what they have in all sidecars.
func addUp(t *testing.T, fleet []*process) (sum armSums) {
	t.Helper()
	for i, p := range fleet {
		var own armSums
		var saved int64
		d := p.document(t)
		for _, v := range d.Variants {
			own.learners += v.Learners
			own.updates += v.UpdatesAccepted
			own.rows += v.RowsWritten
			saved += v.UpdatesSaved
		}
		if c := d.Counters; own.updates != c.UpdatesAccepted || own.rows != c.RowsWritten || saved != c.UpdatesAccepted || own.rows == 0 {
			t.Errorf("sidecar %d counts %+v, and its arms %+v with %d updates saved", i, c, own, saved)
		}
		sum = armSums{sum.learners + own.learners, sum.updates + own.updates, sum.rows + own.rows}
	}
	return sum
}
