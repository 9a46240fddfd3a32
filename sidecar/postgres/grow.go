package postgres

import "slices"

// room is a message of nothing that makes room in the connection's buffer for
// the next one, which would otherwise outgrow it again and again.
type room int

// Frontend marks it as one of a client's messages.
func (room) Frontend() {}

// Decode is for messages that are read.
func (room) Decode([]byte) error { return nil }

// Encode appends nothing.
func (n room) Encode(dst []byte) ([]byte, error) { return slices.Grow(dst, int(n)), nil }
