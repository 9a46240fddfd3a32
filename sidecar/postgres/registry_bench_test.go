package postgres

import (
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// enrolled is a sidecar with what it knows of the others.
type enrolled struct {
	members.Member
	known members.View
}

// BenchmarkAPeriodOfAFleet is 20 s of 200 sidecars, each of which calls the registry once:
// what docs/operating.md has of statements and bytes a second is counted here, between
// the sidecars and a real Postgres, without TCP's own bytes. What changed is sent for some
// time, so the changes of a period are made to look as old as they would be.
func BenchmarkAPeriodOfAFleet(b *testing.B) {
	const sidecars, seconds = 200, 20
	for name, replaced := range map[string]int{
		"nobody comes or goes":              0,
		"all are replaced in half an hour":  2,
		"all are replaced in three minutes": 22,
	} {
		b.Run(name, func(b *testing.B) {
			p, uri := startProxy(b, pgtest.Database(b))
			d := open(b, Options{URI: fixed(uri), MaxConnections: 8})
			fleet := make([]enrolled, sidecars)
			for i := range fleet {
				fleet[i].Member = enrolling()
			}
			calls := 0
			period := func() {
				var group errgroup.Group
				group.SetLimit(8)
				for i := range fleet {
					group.Go(func() (err error) {
						fleet[i].known, err = d.Enroll(b.Context(), fleet[i].Member, fleet[i].known, false)
						return err
					})
				}
				if err := group.Wait(); err != nil {
					b.Fatal(err)
				}
				calls += sidecars
			}
			replace := func(i int) {
				old := fleet[i]
				old.Leaving = true
				enroll(b, d, old.Member, old.known)
				if err := d.Leave(b.Context(), old.Writer, old.Owner); err != nil {
					b.Fatal(err)
				}
				fleet[i] = enrolled{Member: old.Member}
				fleet[i].Writer, fleet[i].Owner = uuid.New(), uuid.New()
				fleet[i].known = enroll(b, d, fleet[i].Member, members.View{}) // and again in the period
				calls += 3
			}
			conn := pgtest.Connect(b, uri)
			pass := func(interval string) {
				pgtest.Execute(b, conn, `UPDATE progress_sync.sidecars SET changed_at = changed_at - $1::interval,
					seen_at = CASE WHEN seen_at < now() - interval '55 s' THEN seen_at - $1::interval ELSE seen_at END`, interval)
			}
			period()
			period()
			pass("1 hour")
			from := p.asked.n.Load() + p.answered.n.Load()
			calls = 0
			periods, next := 0, 0
			for b.Loop() {
				for range replaced {
					replace(next % sidecars)
					next++
				}
				period()
				pass("20 s")
				periods++
			}
			bytes := p.asked.n.Load() + p.answered.n.Load() - from
			b.ReportMetric(float64(calls)/float64(periods*seconds), "calls/s")
			b.ReportMetric(float64(bytes)/float64(periods*seconds), "B/s")
		})
	}
}
