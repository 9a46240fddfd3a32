package sidecar

import (
	"strings"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// TestUnderRowLevelSecurityNothingIsToldThatCantBeKnown uses the table of a
// platform whose policies let the sidecar write, and neither delete nor see all.
func TestUnderRowLevelSecurityNothingIsToldThatCantBeKnown(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t)
	admin := pgtest.Connect(t, pgtest.Database(t))
	database := admin.Config().Database
	role := "lms_" + database
	if err := server.CreateRole(t.Context(), role, "secret"); err != nil {
		t.Fatal(err)
	}
	run := func(sql string) {
		t.Helper()
		pgtest.Execute(t, admin, strings.NewReplacer("ROLE", role, "DATABASE", "DATABASE "+database).Replace(sql))
	}
	run(`CREATE TABLE progress (learner text, course text, lesson text, percent int, PRIMARY KEY (learner, course, lesson));
		GRANT CREATE ON DATABASE TO ROLE; GRANT SELECT, INSERT, UPDATE, DELETE ON progress TO ROLE;
		ALTER TABLE progress ENABLE ROW LEVEL SECURITY;
		CREATE POLICY reads ON progress FOR SELECT USING (true);
		CREATE POLICY adds ON progress FOR INSERT WITH CHECK (true);
		CREATE POLICY changes ON progress FOR UPDATE USING (true)`)
	p := newProcess(t, server.URI(role, database), `{"database":{"mapping":{"schema":"public","table":"progress",
		"keyColumns":{"userId":"learner","courseId":"course","lessonId":"lesson"},"columns":{"percentage":"percent"}}}}`)
	p.start(t)
	p.post(t, `{"userId":"ada","courseId":"c","lessonId":"l","percentage":40}`)
	saved(t, p)
	if _, answer := p.do(t, "GET", "/v1/progress?userId=ada", ""); !strings.Contains(answer, `"stale":false`) || !strings.Contains(answer, `"percentage":40`) {
		t.Errorf("a read of all rows says %s", answer)
	}
	if code, answer := p.do(t, "DELETE", "/v1/users/ada", ""); code != 202 || !strings.Contains(answer, "row-level security") {
		t.Errorf("an erasure that does nothing says %d %s", code, answer)
	}
	var rows int
	if err := admin.QueryRow(t.Context(), "SELECT count(*) FROM progress").Scan(&rows); err != nil || rows != 1 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	run("ALTER POLICY reads ON progress USING (learner = current_setting('app.learner', true))")
	if _, answer := p.do(t, "GET", "/v1/progress?userId=bob", ""); !strings.Contains(answer, `"stale":true`) {
		t.Errorf("a read that may miss rows says %s", answer)
	}
	// As the messages say.
	run("CREATE POLICY progress_sync ON progress TO ROLE USING (true) WITH CHECK (true)")
	if code, answer := p.do(t, "DELETE", "/v1/users/ada", ""); code != 200 || !strings.Contains(answer, `"rows":1`) {
		t.Errorf("an erasure that is allowed says %d %s", code, answer)
	}
	if _, answer := p.do(t, "GET", "/v1/progress?userId=bob", ""); !strings.Contains(answer, `"stale":false`) {
		t.Errorf("a read that sees all rows says %s", answer)
	}
}
