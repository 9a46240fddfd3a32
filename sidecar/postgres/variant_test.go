package postgres

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/variant"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// Analytics that draw in SQL another arm than the sidecar did compare the wrong
// learners.
func TestTheDatabaseDrawsAsTheSidecarDoes(t *testing.T) {
	uri := pgtest.Database(t)
	claim(t, open(t, Options{URI: fixed(uri)}))
	conn := pgtest.Connect(t, uri)
	ids := []string{"", " ", "Ünïcode", "学习者", "👩🏽‍🎓", `a'b"c\x00\`, "a%b_c", "line\nbreak", strings.Repeat("ü", 255), strings.Repeat("long", 10_000)}
	for i := len(ids); i < 20_000; i++ {
		ids = append(ids, fmt.Sprint("learner-", i))
	}
	for _, c := range []struct {
		seed    string
		weights []int
	}{
		{"spring", []int{50, 50}},
		{"", []int{1, 1000, 3}},
		{"frühling 🌷", []int{10, 20, 30, 40}},
		{`\x00`, []int{0, 1}},
		{"the most", []int{1 << 30, 1 << 30}},
	} {
		t.Run(fmt.Sprint(c.seed, c.weights), func(t *testing.T) {
			names := []string{"a", "b", "c", "d"}[:len(c.weights)]
			rows, err := conn.Query(t.Context(),
				"SELECT progress_sync.variant_of(id, $2, $3, $4) FROM unnest($1::text[]) WITH ORDINALITY AS u (id, n) ORDER BY n",
				ids, c.seed, c.weights, names)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			read := 0
			for ; rows.Next(); read++ {
				var got string
				if err := rows.Scan(&got); err != nil {
					t.Fatal(err)
				}
				if want := names[variant.Of(c.seed, ids[read], c.weights)]; got != want {
					t.Fatalf("%.50q is in arm %s, and the sidecar says %s", ids[read], got, want)
				}
			}
			if err := rows.Err(); err != nil || read != len(ids) {
				t.Errorf("%d of %d ids: %v", read, len(ids), err)
			}
		})
	}
}

// A draw among other arms than the policy's must not look like a result.
func TestADrawAmongNoArmsSaysWhatToPass(t *testing.T) {
	uri := pgtest.Database(t)
	claim(t, open(t, Options{URI: fixed(uri)}))
	conn := pgtest.Connect(t, uri)
	for name, arguments := range map[string]string{
		"fewer names than weights": "'u', 's', '{1,2}', '{a}'",
		"no arms":                  "'u', 's', '{}', '{}'",
		"no weight above 0":        "'u', 's', '{0,0}', '{a,b}'",
		"a weight below 0":         "'u', 's', '{-1,2}', '{a,b}'",
		"a weight that is null":    "'u', 's', '{null,2}', '{a,b}'",
		"weights beyond 2^31":      "'u', 's', '{2147483647,2}', '{a,b}'",
		"arms in two dimensions":   "'u', 's', '{{1,2},{1,2}}', '{a,b,c,d}'",
		"no seed":                  "'u', null, '{1,2}', '{a,b}'",
		"no weights":               "'u', 's', null, '{a,b}'",
		"no names":                 "'u', 's', '{1,2}', null",
	} {
		t.Run(name, func(t *testing.T) {
			var arm *string
			err := conn.QueryRow(t.Context(), "SELECT progress_sync.variant_of("+arguments+")").Scan(&arm)
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || !strings.Contains(refused.Hint, "the policy") {
				t.Errorf("got %v, %v", arm, err)
			}
		})
	}
	var arm *string
	if err := conn.QueryRow(t.Context(), "SELECT progress_sync.variant_of(null, 's', '{1,2}', '{a,b}')").Scan(&arm); err != nil || arm != nil {
		t.Errorf("a row without a learner: %v, %v", arm, err)
	}
}

// Who applies migrations by hand may do so long after the rollout.
func TestWithoutSegmentsProgressIsWrittenAllTheSame(t *testing.T) {
	uri := pgtest.Database(t)
	all, err := migrations(sqlFiles)
	if err != nil {
		t.Fatal(err)
	}
	conn := pgtest.Connect(t, uri)
	for _, m := range all[:versionToWatch-1] {
		pgtest.Execute(t, conn, m.sql)
	}
	r := watched(1)
	r.Segments = progress.SegmentsOf([][2]float64{{0, 12}}, 300)
	d := open(t, Options{URI: fixed(uri), Migrations: config.MigrationsManual, WatchedToComplete: 95})
	w := claim(t, d)
	w.apply(t, r)
	if got := read(t, d, r.Key); got.UpdateCount != 1 || got.Segments != (progress.Segments{}) {
		t.Errorf("it is read as %+v", got)
	}
	report, err := d.Check(t.Context())
	if err != nil || !strings.Contains(strings.Join(report.Notes, "\n"), "without watched segments") {
		t.Errorf("the check says %v, %v", report.Notes, err)
	}
	pgtest.Execute(t, conn, all[versionToWatch-1].sql)
	d.seen.Load().renew = time.Now() // a minute later
	w.apply(t, r)
	if got := read(t, d, r.Key); got.UpdateCount != 2 || got.Segments != r.Segments {
		t.Errorf("with the columns it is read as %+v", got)
	}
}

// Who applies migrations by hand may do so long after the rollout.
func TestWithoutTheDrawProgressIsWrittenAllTheSame(t *testing.T) {
	uri := pgtest.Database(t)
	all, err := migrations(sqlFiles)
	if err != nil {
		t.Fatal(err)
	}
	conn := pgtest.Connect(t, uri)
	for _, m := range all[:versionToEnroll] {
		pgtest.Execute(t, conn, m.sql)
	}
	d := open(t, Options{URI: fixed(uri), Migrations: config.MigrationsManual})
	claim(t, d).apply(t, watched(1))
	if _, err := d.Enroll(t.Context(), enrolling(), members.View{}, false); err != nil {
		t.Errorf("enrolling: %v", err)
	}
	report, err := d.Check(t.Context())
	if err != nil || !strings.Contains(strings.Join(report.Notes, "\n"), "variant_of") {
		t.Errorf("the check says %v, %v", report.Notes, err)
	}
	claim(t, open(t, Options{URI: fixed(uri)})).apply(t, watched(1)) // with Auto
	if report, err = d.Check(t.Context()); err != nil || strings.Contains(strings.Join(report.Notes, "\n"), "variant_of") {
		t.Errorf("with the function, the check says %v, %v", report.Notes, err)
	}
	pgtest.Execute(t, conn, "DROP FUNCTION progress_sync.variant_of")
	claim(t, open(t, Options{URI: fixed(uri)}))
	var arm string
	if err := conn.QueryRow(t.Context(), "SELECT progress_sync.variant_of('u', 's', '{1,2}', '{a,b}')").Scan(&arm); err != nil {
		t.Errorf("a function that was dropped is not made again: %v", err)
	}
}
