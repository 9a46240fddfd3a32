package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// tableMissing takes the tables away and brings them back with their rows.
type tableMissing struct{ nothing }

func (tableMissing) Name() string { return "table missing" }

func (tableMissing) Inject(ctx context.Context, w *world.World, _ *rand.Rand) error {
	return w.Exec(ctx, "ALTER TABLE progress_sync.lesson_progress RENAME TO elsewhere; ALTER TABLE campus.progress RENAME TO elsewhere")
}

func (tableMissing) Heal(ctx context.Context, w *world.World) error {
	return w.Exec(ctx, "ALTER TABLE progress_sync.elsewhere RENAME TO lesson_progress; ALTER TABLE campus.elsewhere RENAME TO progress")
}
