package inject

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// trigger puts one on both tables that does something to the records of some
// learners, or of all. What is set aside for it is replayed when all is over.
type trigger struct {
	nothing
	name string
	// does is what it does instead of letting the row through.
	does string
	all  bool
}

func (f *trigger) Name() string { return f.name }

func (f *trigger) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	condition := "true"
	if !f.all {
		condition = fmt.Sprintf("hashtext(NEW.user_id) %% 7 = %d", random.IntN(7))
	}
	statements := []string{fmt.Sprintf("CREATE FUNCTION campus.guard() RETURNS trigger LANGUAGE plpgsql AS "+
		"'BEGIN IF %s THEN %s; END IF; RETURN NEW; END'", condition, f.does)}
	for _, table := range world.Tables() {
		statements = append(statements, "CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON "+table+
			" FOR EACH ROW EXECUTE FUNCTION campus.guard()")
	}
	return w.Exec(ctx, strings.Join(statements, "; "))
}

func (f *trigger) Heal(ctx context.Context, w *world.World) error {
	return w.Exec(ctx, "DROP FUNCTION campus.guard() CASCADE")
}
