package postgres

import (
	"fmt"
	"math"

	"github.com/google/uuid"
)

// identity is a process that writes for a spool.
type identity struct {
	writer uuid.UUID
	owner  uuid.UUID
}

func newIdentity(writer, owner string) (identity, error) {
	w, err := uuid.Parse(writer)
	if err != nil {
		return identity{}, fmt.Errorf("reading the writer's id: %w", err)
	}
	o, err := uuid.Parse(owner)
	if err != nil {
		return identity{}, fmt.Errorf("reading the owner's token: %w", err)
	}
	return identity{writer: w, owner: o}, nil
}

// ledgerNumber is a batch number as the ledger's bigint.
func ledgerNumber(n uint64) (int64, error) {
	if n > math.MaxInt64 {
		return 0, fmt.Errorf("batch number %d is beyond the ledger's range", n)
	}
	return int64(n), nil
}
