package postgres

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// TestChangesAddUpToWhatThereIs: a sidecar that only ever hears of changes knows what
// one knows that asks for everyone.
func TestChangesAddUpToWhatThereIs(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	conn := pgtest.Connect(t, uri)
	a, asker := enrolling(), enrolling()
	asker.Target = "others are told of all but these"
	view := enroll(t, d, a, members.View{})
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	var fleet []members.Member
	for range 6 {
		fleet = append(fleet, enrolling())
	}
	for step := range 150 {
		for range random.IntN(4) {
			m := &fleet[random.IntN(len(fleet))]
			switch random.IntN(9) {
			case 0:
				if err := d.Leave(t.Context(), m.Writer, m.Owner); err != nil {
					t.Fatal(err)
				}
				continue
			case 1: // it was killed a minute ago
				pgtest.Execute(t, conn, "UPDATE progress_sync.sidecars SET seen_at = now() - interval '1 minute' WHERE writer_id = $1", m.Writer.String())
				continue
			case 2: // removed by hand
				pgtest.Execute(t, conn, "DELETE FROM progress_sync.sidecars WHERE writer_id = $1", m.Writer.String())
				continue
			case 3: // the clock of the database jumps back
				pgtest.Execute(t, conn, "UPDATE progress_sync.sidecars SET seen_at = now() - interval '50 s', changed_at = now() - interval '50 s' WHERE writer_id = $1", m.Writer.String())
				continue
			case 4:
				m.Owner, m.Leaving = uuid.New(), false
			case 5:
				m.Leaving = true
			case 6:
				m.Target = []string{ownTable().name, asker.Target}[random.IntN(2)]
			case 7:
				m.Address = netip.AddrPortFrom(m.Address.Addr(), uint16(random.IntN(60000)))
			}
			enroll(t, d, *m, members.View{})
		}
		view = enroll(t, d, a, view)
		all := enroll(t, d, a, members.View{})
		if sameMembers(t, view, all.Members()...); t.Failed() {
			t.Fatalf("at step %d of seed %d", step, seed)
		}
	}
}

// TestWhatHappensEachDayIsToldWithoutFetchingEveryone: else a rollout of a thousand would
// bring a thousand members to each of them every 20 seconds.
func TestWhatHappensEachDayIsToldWithoutFetchingEveryone(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	conn := pgtest.Connect(t, uri)
	a, b, other := enrolling(), enrolling(), enrolling()
	enroll(t, d, other, members.View{})
	view := enroll(t, d, a, members.View{})
	again := func() { enroll(t, d, b, members.View{}) }
	age := func() {
		const later = "UPDATE progress_sync.sidecars SET seen_at = seen_at - interval '30 m' WHERE writer_id = $1"
		pgtest.Execute(t, conn, later, b.Writer.String())
		view.AsOf = view.AsOf.Add(-30 * time.Minute)
	}
	for _, step := range []struct {
		what    string
		happens func()
		there   bool
	}{
		{"one comes", again, true},
		{"it enrolls again", again, true},
		{"it gets another key", func() { b.Fingerprints = []members.Fingerprint{{5}}; again() }, true},
		{"it is killed and not seen for a minute", age, false},
		{"it is back", again, true},
		{"its process is replaced", func() { b.Owner = uuid.New(); again() }, true},
		{"it says that it is leaving", func() { b.Leaving = true; again() }, true},
		{"it has left", func() {
			if err := d.Leave(t.Context(), b.Writer, b.Owner); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"its spool's next process comes", func() { b.Owner, b.Leaving = uuid.New(), false; again() }, true},
	} {
		// So that a change is told because it is one, not because it is recent.
		pgtest.Execute(t, conn, "UPDATE progress_sync.sidecars SET changed_at = changed_at - interval '1 hour'")
		step.happens()
		s := d.session()
		err := d.withConnection(t.Context(), s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
			next, digest, err := d.enroll(ctx, conn, s.options, a, view, false)
			if next.Digest() != digest {
				t.Errorf("%s: the changes make %+v of it, it should be %+v", step.what, next.Digest(), digest)
			}
			view = next
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []members.Member{other}
		if step.there {
			want = append(want, b)
		}
		if sameMembers(t, view, want...); t.Failed() {
			t.Fatal(step.what)
		}
	}
}

// TestEnrollingIsNoLoad: the statements and bytes of a thousand sidecars, as
// docs/design.md has them, follow from what one call costs here.
func TestEnrollingIsNoLoad(t *testing.T) {
	p, uri := startProxy(t, pgtest.Database(t))
	d := open(t, Options{URI: fixed(uri), MaxConnections: 1})
	const sidecars = 200
	var fleet []members.Member
	for range sidecars {
		fleet = append(fleet, enrolling())
		enroll(t, d, fleet[len(fleet)-1], members.View{})
	}
	a := fleet[0]
	cost := func(known members.View) (members.View, int64) {
		t.Helper()
		before := p.asked.n.Load() + p.answered.n.Load()
		view := enroll(t, d, a, known)
		if got := len(view.Members()); got != sidecars-1 {
			t.Fatalf("%d others", got)
		}
		return view, p.asked.n.Load() + p.answered.n.Load() - before
	}
	view, everyone := cost(members.View{})
	view, unchanged := cost(view)
	pgtest.Execute(t, pgtest.Connect(t, uri), "UPDATE progress_sync.sidecars SET changed_at = now() - interval '1 hour'")
	const changed = 10
	for i := range changed {
		fleet[1+i].Owner = uuid.New()
		enroll(t, d, fleet[1+i], members.View{})
	}
	_, few := cost(view)
	perMember, perChange := (everyone-unchanged)/(sidecars-1), (few-unchanged)/changed
	t.Logf("a call costs %d bytes, a member %d more, a change %d", unchanged, perMember, perChange)
	// A thousand sidecars, each with a call in 20 s, that are all replaced within half an
	// hour: each comes, says that it is leaving, and is gone.
	const thousand, period, changes = 1000, 20, 3 * 1000 * 20 / 1800
	if perSecond := thousand * (unchanged + changes*perChange) / period; perSecond > 1_000_000 {
		t.Errorf("%d bytes a second", perSecond)
	}
	if unchanged > 1000 || perMember > 400 || few > unchanged+2*changed*perMember {
		t.Errorf("%d bytes where nothing has changed, %d for %d changes, %d for each member", unchanged, few, changed, perMember)
	}
}

// BenchmarkEnroll is a call among a number of sidecars that have not changed.
func BenchmarkEnroll(b *testing.B) {
	for _, sidecars := range []int{200, 1000, 5000} {
		b.Run(strconv.Itoa(sidecars), func(b *testing.B) {
			uri := pgtest.Database(b)
			d := open(b, Options{URI: fixed(uri)})
			a := enrolling()
			enroll(b, d, a, members.View{})
			pgtest.Execute(b, pgtest.Connect(b, uri), `INSERT INTO progress_sync.sidecars (writer_id, owner, address, port, fingerprints, target, protocol, hash)
				SELECT gen_random_uuid(), gen_random_uuid(), '10.1.2.3', 9788, array[sha256(n::text::bytea), sha256(n::text::bytea)], $1, 1, n
				FROM generate_series(1, $2::integer) AS n`, a.Target, sidecars)
			view := enroll(b, d, a, members.View{})
			for b.Loop() {
				if _, err := d.Enroll(b.Context(), a, view, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
