package postgres

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// Owner makes the tokens under which a process has ledger rows. Each is newer than
// those before it, and they differ in their last 4 bytes, which count up; so
// Postgres can tell the tokens of a process from those of another, and their order.
// It is not safe for concurrent use.
type Owner struct {
	process uuid.UUID
	made    uint32
}

// NewOwner makes the Owner of a process that has made no token yet.
func NewOwner() *Owner { return &Owner{process: lowestToken(uuid.New())} }

// Next makes a token that is newer than all before it.
func (o *Owner) Next() string {
	o.made++
	token := o.process
	binary.BigEndian.PutUint32(token[counterAt:], o.made)
	return token.String()
}

// counterAt is where the counter begins in a token. What is before it is random, but
// for the version of the UUID.
const counterAt = len(uuid.UUID{}) - 4

// lowestToken is below all tokens of the same process.
func lowestToken(token uuid.UUID) uuid.UUID {
	clear(token[counterAt:])
	return token
}
