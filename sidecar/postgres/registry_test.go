package postgres

import (
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// enrolling is a sidecar that enrolls.
func enrolling() members.Member {
	key := members.Fingerprint{1, 2, 3}
	copy(key[8:], uuid.New().NodeID())
	return members.Member{
		Writer: uuid.New(), Owner: uuid.New(), Address: netip.MustParseAddrPort("10.1.2.3:9788"),
		Fingerprints: []members.Fingerprint{key, {9}}, Target: ownTable().name, Protocol: 1,
	}
}

func enroll(tb testing.TB, d *Database, self members.Member, known members.View) members.View {
	tb.Helper()
	a, err := d.Enroll(tb.Context(), self, known, false)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// sameMembers compares addresses and members, in any order.
func sameMembers(tb testing.TB, got members.View, want ...members.Member) {
	tb.Helper()
	byWriter := cmpopts.SortSlices(func(a, b members.Member) bool { return a.Writer.String() < b.Writer.String() })
	equal := cmp.Comparer(members.Member.Equal)
	if diff := cmp.Diff(want, got.Members(), byWriter, equal, cmpopts.EquateEmpty()); diff != "" {
		tb.Errorf("the others:\n%s", diff)
	}
}

func TestSidecarsThatEnrollAreToldOfEachOther(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	a, b := enrolling(), enrolling()
	b.Address = netip.MustParseAddrPort("[fd00::7]:19788")
	first := enroll(t, d, a, members.View{})
	sameMembers(t, first)
	sameMembers(t, enroll(t, d, b, members.View{}), a)
	second := enroll(t, d, a, first)
	sameMembers(t, second, b)
	sameMembers(t, enroll(t, d, a, second), b)
	for name, change := range map[string]func(*members.Member){
		"another process": func(m *members.Member) { m.Owner = uuid.New() },
		"another address": func(m *members.Member) { m.Address = netip.MustParseAddrPort("10.9.9.9:9788") },
		"another port":    func(m *members.Member) { m.Address = netip.AddrPortFrom(m.Address.Addr(), 1) },
		"another key":     func(m *members.Member) { m.Fingerprints = []members.Fingerprint{{8}, {9}} },
		"one key less":    func(m *members.Member) { m.Fingerprints = m.Fingerprints[:1] },
		"a new protocol":  func(m *members.Member) { m.Protocol++ },
		"it is leaving":   func(m *members.Member) { m.Leaving = true },
	} {
		t.Run(name, func(t *testing.T) {
			before := enroll(t, d, a, members.View{})
			change(&b)
			enroll(t, d, b, members.View{})
			sameMembers(t, enroll(t, d, a, before), b)
		})
	}
}

// TestWhoCounts is by the clock of the database alone.
func TestWhoCounts(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	conn := pgtest.Connect(t, uri)
	enroll(t, d, enrolling(), members.View{}) // which makes the table
	const row = " WHERE writer_id = $1"
	for name, tt := range map[string]struct {
		happens string
		counts  bool
	}{
		"one that was seen half a minute ago":   {"UPDATE progress_sync.sidecars SET seen_at = now() - interval '30 s'" + row, true},
		"not one that was not seen in a minute": {"UPDATE progress_sync.sidecars SET seen_at = now() - interval '61 s'" + row, false},
		"not one of another table":              {"UPDATE progress_sync.sidecars SET target = 'public.other'" + row, false},
		"one whose key is no SHA-256":           {`UPDATE progress_sync.sidecars SET fingerprints = array['\x00'::bytea]` + row, true},
	} {
		t.Run(name, func(t *testing.T) {
			pgtest.Execute(t, conn, "DELETE FROM progress_sync.sidecars")
			a, b := enrolling(), enrolling()
			before := enroll(t, d, a, members.View{})
			enroll(t, d, b, members.View{})
			there := enroll(t, d, a, before)
			pgtest.Execute(t, conn, tt.happens, b.Writer.String())
			for from, known := range map[string]members.View{"nothing": {}, "the time before": before, "the time it was there": there} {
				if got := len(enroll(t, d, a, known).Members()) == 1; got != tt.counts {
					t.Errorf("it counts for one that knows %s: %v", from, got)
				}
			}
		})
	}
}

func TestAProcessThatWasLeavingStaysSo(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	a, b := enrolling(), enrolling()
	b.Leaving = true
	enroll(t, d, b, members.View{})
	late := b
	late.Leaving = false // a call that was sent before, and comes after
	enroll(t, d, late, members.View{})
	sameMembers(t, enroll(t, d, a, members.View{}), b)
	late.Owner = uuid.New() // the spool's next process
	enroll(t, d, late, members.View{})
	sameMembers(t, enroll(t, d, a, members.View{}), late)
}

func TestWhoHasLeftIsNotTold(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	a, b := enrolling(), enrolling()
	enroll(t, d, b, members.View{})
	if err := d.Leave(t.Context(), b.Writer, uuid.New()); err != nil { // an earlier process of its spool
		t.Fatal(err)
	}
	before := enroll(t, d, a, members.View{})
	sameMembers(t, before, b)
	if err := d.Leave(t.Context(), b.Writer, b.Owner); err != nil {
		t.Fatal(err)
	}
	sameMembers(t, enroll(t, d, a, before))
	sameMembers(t, enroll(t, d, a, members.View{}))
}

func TestWhoWasNotSeenForADayIsRemoved(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	conn := pgtest.Connect(t, uri)
	self, old, recent := enrolling(), enrolling(), enrolling()
	for _, m := range []members.Member{self, old, recent} {
		enroll(t, d, m, members.View{})
	}
	pgtest.Execute(t, conn, "UPDATE progress_sync.sidecars SET seen_at = now() - interval '25 h' WHERE writer_id IN ($1, $2)", old.Writer.String(), self.Writer.String())
	pgtest.Execute(t, conn, "UPDATE progress_sync.sidecars SET seen_at = now() - interval '23 h' WHERE writer_id = $1", recent.Writer.String())
	rows := func() (n int) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM progress_sync.sidecars").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if enroll(t, d, self, members.View{}); rows() != 3 {
		t.Errorf("%d rows, and nobody asked to remove any", rows())
	}
	pgtest.Execute(t, conn, "UPDATE progress_sync.sidecars SET seen_at = now() - interval '25 h' WHERE writer_id = $1", self.Writer.String())
	if _, err := d.Enroll(t.Context(), self, members.View{}, true); err != nil || rows() != 2 {
		t.Errorf("%d rows are left, %v", rows(), err)
	}
}

// TestSidecarsEnrollThroughPgBouncerInTransactionMode, many at a time, and each is told
// of all others in the end.
func TestSidecarsEnrollThroughPgBouncerInTransactionMode(t *testing.T) {
	direct := pgtest.Database(t)
	conn := pgtest.Connect(t, direct)
	var name string
	if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	bouncer, err := pgtest.Shared(t).StartBouncer(t.Context(), "default_pool_size = 2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bouncer.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, mode := range []config.ExecMode{config.ExecModeExec, config.ExecModeCacheDescribe} {
		t.Run(string(mode), func(t *testing.T) {
			const sidecars = 8
			var wg sync.WaitGroup
			for range sidecars {
				d, self := open(t, Options{URI: fixed(bouncer.URI(name)), ExecMode: mode}), enrolling()
				wg.Go(func() {
					for range 10 {
						if _, err := d.Enroll(t.Context(), self, members.View{}, true); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			d, last := open(t, Options{URI: fixed(bouncer.URI(name)), ExecMode: mode}), enrolling()
			if got := enroll(t, d, last, members.View{}); len(got.Members()) != sidecars {
				t.Errorf("it is told of %d others", len(got.Members()))
			}
			through := pgtest.Connect(t, bouncer.URI(name)+"&default_query_exec_mode=simple_protocol")
			for range 4 {
				var timeout, waits string
				if err := through.QueryRow(t.Context(), `SELECT current_setting('statement_timeout'),
					(SELECT setting = reset_val FROM pg_settings WHERE name = 'synchronous_commit')::text`).Scan(&timeout, &waits); err != nil ||
					timeout != "0" || waits != "true" {
					t.Errorf("the next client finds statement_timeout %q, synchronous_commit as it was: %s, %v", timeout, waits, err)
				}
			}
			pgtest.Execute(t, conn, "DELETE FROM progress_sync.sidecars")
		})
	}
}

// TestWhoMayOnlyReadTheRegistryCannotEnroll: who is in it may write to every sidecar.
func TestWhoMayOnlyReadTheRegistryCannotEnroll(t *testing.T) {
	server := pgtest.Shared(t)
	super := pgtest.Connect(t, pgtest.Database(t))
	var name string
	if err := super.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if err := server.CreateRole(t.Context(), "registry_reader", "pw"); err != nil {
		t.Fatal(err)
	}
	defer pgtest.Execute(t, super, "DROP OWNED BY registry_reader; DROP ROLE registry_reader")
	sql, err := MigrationSQL(nil)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, super, sql)
	pgtest.Execute(t, super, "GRANT USAGE ON SCHEMA progress_sync TO registry_reader; GRANT SELECT ON ALL TABLES IN SCHEMA progress_sync TO registry_reader")
	reader := open(t, Options{URI: fixed(server.URI("registry_reader", name))})
	_, err = reader.Enroll(t.Context(), enrolling(), members.View{}, false)
	if f := Classify(err); f.Class != NoPrivilege || f.Retry != Hold {
		t.Errorf("it enrolled: %v", err)
	}
	if err := reader.Leave(t.Context(), uuid.New(), uuid.New()); Classify(err).Class != NoPrivilege {
		t.Errorf("it may remove others: %v", err)
	}
	var rows int
	if err := super.QueryRow(t.Context(), "SELECT count(*) FROM progress_sync.sidecars").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// olderSchema makes the schema as a version of the sidecar without the registry did.
func olderSchema(tb testing.TB, uri string) {
	tb.Helper()
	all, err := migrations(sqlFiles)
	if err != nil {
		tb.Fatal(err)
	}
	conn := pgtest.Connect(tb, uri)
	for _, m := range all[:versionToWrite] {
		pgtest.Execute(tb, conn, m.sql)
	}
}

// TestWithoutTheRegistryProgressIsWrittenAllTheSame: who applies migrations by hand
// may do so after the rollout, and a role may never be let create tables.
func TestWithoutTheRegistryProgressIsWrittenAllTheSame(t *testing.T) {
	server := pgtest.Shared(t)
	uri := pgtest.Database(t)
	super := pgtest.Connect(t, uri)
	var name string
	if err := super.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if err := server.CreateRole(t.Context(), "registry_none", "pw"); err != nil {
		t.Fatal(err)
	}
	defer pgtest.Execute(t, super, "DROP OWNED BY registry_none; DROP ROLE registry_none")
	olderSchema(t, uri)
	pgtest.Execute(t, super, strings.ReplaceAll(grantTables, "<role>", "registry_none"))
	for what, tt := range map[string]struct {
		options Options
		want    string
	}{
		"migrations by hand":                {Options{URI: fixed(uri), Migrations: config.MigrationsManual}, "database.migrations: Manual"},
		"a role that may not create tables": {Options{URI: fixed(server.URI("registry_none", name))}, "may not create them"},
	} {
		t.Run(what, func(t *testing.T) {
			d := open(t, tt.options)
			for range 2 {
				_, err := d.Enroll(t.Context(), enrolling(), members.View{}, false)
				if f := Classify(err); f.Class != SchemaMissing || f.Retry != Hold || !strings.Contains(f.Message, tt.want) ||
					!strings.Contains(f.Message, "Progress is written") || !strings.Contains(f.Message, printMigrations) {
					t.Errorf("enrolling: %+v", f)
				}
			}
			claim(t, d).apply(t, watched(1))
			_, err := d.Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), "sidecars can't find each other") {
				t.Errorf("the check says %v", err)
			}
		})
	}
	// The owner applies them, and forgets the rights.
	sql, err := MigrationSQL(nil)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, super, sql)
	d := open(t, Options{URI: fixed(server.URI("registry_none", name))})
	claim(t, d).apply(t, watched(1))
	if _, err := d.Enroll(t.Context(), enrolling(), members.View{}, false); Classify(err).Class != NoPrivilege {
		t.Errorf("without rights on the table: %v", err)
	}
	if _, err := d.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "progress_sync.sidecars") {
		t.Errorf("the check says %v", err)
	}
	pgtest.Execute(t, super, strings.ReplaceAll(grantTables, "<role>", "registry_none"))
	enroll(t, d, enrolling(), members.View{})
	if _, err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestARegistryThatVanishesIsMadeAgain(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	self := enrolling()
	enroll(t, d, self, members.View{})
	pgtest.Execute(t, pgtest.Connect(t, uri), "DROP TABLE progress_sync.sidecars")
	w.apply(t, watched(1)) // batches don't need it
	if _, err := d.Enroll(t.Context(), self, members.View{}, false); Classify(err).Class != SchemaMissing {
		t.Errorf("the first call: %v", err)
	}
	enroll(t, d, self, members.View{})
}

// TestEnrollingStaysOnItsPage: a row is changed 4,320 times a day.
func TestEnrollingStaysOnItsPage(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	const sidecars, rounds = 50, 20
	var all []members.Member
	for range sidecars {
		all = append(all, enrolling())
	}
	for range rounds {
		for _, m := range all {
			enroll(t, d, m, members.View{})
		}
	}
	d.Close() // the server's counts come with the end of a session
	conn := pgtest.Connect(t, uri)
	const counts = " FROM pg_stat_user_tables WHERE relname = 'sidecars'"
	until(t, conn, "SELECT n_tup_upd >= $1"+counts, sidecars*(rounds-1))
	var updated, hot int
	if err := conn.QueryRow(t.Context(), "SELECT n_tup_upd, n_tup_hot_upd"+counts).Scan(&updated, &hot); err != nil {
		t.Fatal(err)
	}
	if 100*hot < 95*updated {
		t.Errorf("%d of %d updates stayed on their page", hot, updated)
	}
}

func TestWhatNamesTheTableOfASidecar(t *testing.T) {
	target := func(m *config.Mapping) string {
		t.Helper()
		name, err := TargetOf(m)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	base := func() *config.Mapping {
		return &config.Mapping{
			Schema: "campus", Table: "progress", KeyColumns: config.KeyColumns{UserID: "u", CourseID: "c", LessonID: "l"},
			Columns: map[string]string{"percentage": "percent"}, Fixed: map[string]string{"tenant": "1"},
		}
	}
	if got := target(nil); got != "progress_sync.lesson_progress" {
		t.Errorf("our own table is %q", got)
	}
	if got, want := target(base()), `"campus"."progress" `; !strings.HasPrefix(got, want) || got != target(base()) {
		t.Errorf("a mapped table is %q, and %q", got, target(base()))
	}
	for name, tt := range map[string]struct {
		change func(*config.Mapping)
		same   bool
	}{
		"another table":                  {func(m *config.Mapping) { m.Table = "other" }, false},
		"another key":                    {func(m *config.Mapping) { m.KeyColumns.CourseID = "" }, false},
		"another column":                 {func(m *config.Mapping) { m.Columns["percentage"] = "pct" }, false},
		"another scale":                  {func(m *config.Mapping) { m.Scale = map[string]string{"percentage": "0.01"} }, false},
		"another tenant":                 {func(m *config.Mapping) { m.Fixed["tenant"] = "2" }, false},
		"a column that is named nothing": {func(m *config.Mapping) { m.Columns["seekEvents"] = "" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := base()
			tt.change(m)
			if same := target(m) == target(base()); same != tt.same {
				t.Errorf("the same: %v", same)
			}
		})
	}
}
