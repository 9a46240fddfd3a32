package inject

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// conflicts is a second writer that locks the busiest rows in the opposite
// order, one by one. It changes no value.
type conflicts struct {
	nothing
	name         string
	serializable bool
	stop         context.CancelFunc
	wg           sync.WaitGroup
	err          error
}

func (f *conflicts) Name() string { return f.name }

func (f *conflicts) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	if f.serializable {
		level := []string{"repeatable read", "serializable"}[random.IntN(2)]
		if err := errors.Join(w.Isolate(ctx, level), w.Terminate(ctx, 1)); err != nil {
			return err
		}
	}
	conn, err := w.Connect(ctx)
	if err != nil {
		return err
	}
	ctx, f.stop = context.WithCancel(ctx)
	f.wg.Go(func() {
		defer conn.Close(context.WithoutCancel(ctx))
		for f.err = nil; ctx.Err() == nil && f.err == nil; {
			f.err = touchBackwards(ctx, conn, random)
		}
	})
	return nil
}

type key struct{ user, course, lesson string }

// touchBackwards rewrites some rows unchanged. Losing a conflict is what it is
// for.
func touchBackwards(ctx context.Context, conn *pgx.Conn, random *rand.Rand) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT user_id, course_id, lesson_id FROM progress_sync.lesson_progress "+
			"WHERE user_id LIKE 'busy %' AND received_at > now() - interval '1 minute' ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT 30")
		if err != nil {
			return err
		}
		keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (key, error) {
			var k key
			err := row.Scan(&k.user, &k.course, &k.lesson)
			return k, err
		})
		if err != nil {
			return err
		}
		for _, k := range keys {
			if _, err := tx.Exec(ctx, "UPDATE progress_sync.lesson_progress SET user_id = user_id "+
				"WHERE user_id = $1 AND course_id = $2 AND lesson_id = $3", k.user, k.course, k.lesson); err != nil {
				return err
			}
			rest(ctx, between(random, time.Millisecond, 10*time.Millisecond))
		}
		return nil
	})
	var server *pgconn.PgError
	lost := errors.As(err, &server) && server.Code[:2] == "40"
	if err != nil && ctx.Err() == nil && !lost {
		return fmt.Errorf("writing as a second writer: %w", err)
	}
	return nil
}

func (f *conflicts) Heal(ctx context.Context, w *world.World) error {
	f.stop()
	f.wg.Wait()
	if !f.serializable {
		return f.err
	}
	return errors.Join(f.err, w.Isolate(ctx, "read committed"), w.Terminate(ctx, 1))
}
