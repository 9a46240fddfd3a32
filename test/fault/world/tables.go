package world

import (
	"context"
	"fmt"
	"os/exec"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/test/truth"
)

// CreateTables makes the schema as the sidecar prints it, and MappedTable with its views, for a
// role that may write rows and nothing else.
func (w *World) CreateTables(ctx context.Context) error {
	sql, err := exec.CommandContext(ctx, w.options.Binary, "migrate", "--print").Output()
	if err != nil {
		return fmt.Errorf("printing the schema: %w", err)
	}
	if err := w.Exec(ctx, string(sql)+mappedSQL+w.detourSQL()+";\n"+postgres.ViewsSQL(mapping())); err != nil {
		return err
	}
	return w.Grant(ctx)
}

// Views are those for statistics over a table.
func Views(table string) truth.Views {
	if table != MappedTable {
		return truth.OwnViews()
	}
	name := func(v postgres.View) string { return "progress_sync." + postgres.MappedView(v, mapping()) }
	return truth.Views{
		LearnerCourse: name(postgres.LearnerCourse), CourseLessons: name(postgres.CourseLessons), LearnerTotals: name(postgres.LearnerTotals),
	}
}

// Grant gives the sidecars their rights.
func (w *World) Grant(ctx context.Context) error {
	return w.Exec(ctx, "GRANT USAGE ON SCHEMA progress_sync, campus TO "+role+
		"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA progress_sync TO "+role+
		"; GRANT SELECT, INSERT, UPDATE, DELETE ON "+MappedTable+" TO "+role+
		"; GRANT USAGE ON SEQUENCE campus.progress_id_seq TO "+role)
}

// Revoke takes Grant back.
func (w *World) Revoke(ctx context.Context) error {
	return w.Exec(ctx, "REVOKE ALL ON ALL TABLES IN SCHEMA progress_sync, campus FROM "+role+
		"; REVOKE ALL ON SCHEMA progress_sync, campus FROM "+role)
}

// RevokeRegistry takes away the registry of the sidecars. Grant gives it back.
func (w *World) RevokeRegistry(ctx context.Context) error {
	return w.Exec(ctx, "REVOKE ALL ON progress_sync.sidecars FROM "+role)
}

// LimitConnections of the sidecars' role; -1 for no limit.
func (w *World) LimitConnections(ctx context.Context, n int) error {
	return w.Exec(ctx, fmt.Sprintf("ALTER ROLE %s CONNECTION LIMIT %d", role, n))
}

// Isolate sets the isolation level of the sidecars' next sessions.
func (w *World) Isolate(ctx context.Context, level string) error {
	return w.Exec(ctx, fmt.Sprintf("ALTER ROLE %s SET default_transaction_isolation = '%s'", role, level))
}

// Terminate ends the sidecars' backends, each with the given chance in [0, 1].
func (w *World) Terminate(ctx context.Context, chance float64) error {
	return w.Exec(ctx, fmt.Sprintf("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "+
		"WHERE datname = '%s' AND pid <> pg_backend_pid() AND application_name = 'progress-sync' AND random() < %f", database, chance))
}

// SetPassword changes the password in the database only.
func (w *World) SetPassword(ctx context.Context, password string) error {
	w.password = password
	return w.Primary().CreateRole(ctx, role, password)
}

// MountPassword tells the sidecars the password, as a Secret does.
func (w *World) MountPassword() error { return w.writeURI() }
