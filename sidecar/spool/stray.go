package spool

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Stray is an update that waits for the home of its learner, as itself.
type Stray struct {
	// ID is when the update arrived, which no other arrival of the spool has.
	ID     progress.Instant
	Update progress.Update
}

const strayNameSize = 1 + 8

func strayName(id progress.Instant) (name [strayNameSize]byte) {
	name[0] = strayEntry
	binary.BigEndian.PutUint64(name[1:], uint64(id))
	return name
}

// PutStray writes an update that waits for the home of its learner.
func (c *Change) PutStray(s *Stray) {
	name := strayName(s.ID)
	c.put(name[:], s.encode(c.scratch[:0]))
}

// DeleteStray removes one.
func (c *Change) DeleteStray(id progress.Instant) {
	name := strayName(id)
	c.add(opDelete, name[:])
}

func (s *Stray) encode(dst []byte) []byte {
	return appendUpdate(append(dst, entryVersion), &s.Update)
}

func decodeStray(name string, value []byte) (s Stray, err error) {
	d := decoder{rest: value}
	d.version()
	s.Update = decodeUpdate(&d)
	if len(name) != strayNameSize {
		d.fail(errMalformed)
		return s, d.end()
	}
	s.ID = progress.Instant(binary.BigEndian.Uint64([]byte(name[1:])))
	return s, d.end()
}
