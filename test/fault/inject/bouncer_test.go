package inject

import (
	"errors"
	"fmt"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestOnlyAMissingPgBouncerMakesItsFaultImpossible(t *testing.T) {
	for name, c := range map[string]struct {
		cause error
		want  bool
	}{
		"not installed":         {fmt.Errorf("looking for pgbouncer: %w", pgtest.ErrNoBouncer), true},
		"ended at its start":    {errors.New("PgBouncer ended at its start: no such setting"), false},
		"no folder for it":      {errors.New("creating a folder for PgBouncer: no space left"), false},
		"no PostgreSQL instead": {pgtest.ErrNotInstalled, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := unstarted(c.cause)
			if errors.Is(err, ErrImpossible) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}
