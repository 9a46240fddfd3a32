package postgres

import (
	"fmt"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// BenchmarkApplyExisting writes to an existing table with our columns and an id of
// its own, beside our own table: rows that are there, and rows that are new.
func BenchmarkApplyExisting(b *testing.B) {
	uri := durableServer(b)
	m := &config.Mapping{
		Schema: "public", Table: "existing", Columns: map[string]string{},
		KeyColumns: config.KeyColumns{UserID: "user_id", CourseID: "course_id", LessonID: "lesson_id"},
	}
	for _, f := range recordFields() {
		if f.Rule != progress.RuleKey {
			m.Columns[f.Name] = f.Column
		}
	}
	claim(b, open(b, Options{URI: fixed(uri)})) // makes our own
	admin := pgtest.Connect(b, uri)
	pgtest.Execute(b, admin, "CREATE TABLE existing (id bigserial, LIKE progress_sync.lesson_progress INCLUDING ALL) WITH (fillfactor = 50)")
	for _, rows := range []int{10, 50, 500} {
		for _, kind := range []string{"there", "new"} {
			for _, mapping := range []*config.Mapping{nil, m} {
				table := "own"
				if mapping != nil {
					table = "existing"
				}
				b.Run(fmt.Sprintf("rows=%d/%s/table=%s", rows, kind, table), func(b *testing.B) {
					pgtest.Execute(b, admin, "TRUNCATE progress_sync.lesson_progress, existing")
					w := claim(b, open(b, Options{URI: fixed(uri), Mapping: mapping}))
					const keys = 5000
					batches := make([][]progress.Record, keys/rows)
					for i := range batches {
						for j := range rows {
							batches[i] = append(batches[i], watched(i*rows+j))
						}
						if kind == "there" {
							w.apply(b, batches[i]...)
						}
					}
					b.ResetTimer()
					for i := range b.N {
						batch := batches[i%len(batches)]
						if kind == "new" {
							for j := range batch {
								batch[j].UserID = fmt.Sprint(i)
							}
						}
						w.apply(b, batch...)
					}
					b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
				})
			}
		}
	}
}
