package buffer

import (
	"crypto/sha256"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// An eventID stands for an event of a key. Its first half is the learner's
// alone, so that the events of a learner can be found.
type eventID [16]byte

// learner is the first half of the event ids of a learner.
type learner [8]byte

// learnerID stands for a learner. Like eventID it is salted with the writer's
// id, so that the same learner is another one in every spool.
type learnerID [16]byte

func (id eventID) of() learner   { return learner(id[:8]) }
func (id learnerID) of() learner { return learner(id[:8]) }

func (f *format) learnerID(scratch []byte, userID string) learnerID {
	scratch = append(append(scratch[:0], f.writer[:]...), userID...)
	sum := sha256.Sum256(scratch)
	return learnerID(sum[:16])
}

// eventID is the identity of an event of the key that diskKey stands for.
func (f *format) eventID(scratch, diskKey []byte, u *progress.Update) (id eventID) {
	user := f.learnerID(scratch, u.UserID).of()
	scratch = append(scratch[:0], f.writer[:]...)
	scratch = appendString(scratch, u.EventID)
	scratch = append(scratch, diskKey[1:]...)
	sum := sha256.Sum256(scratch)
	copy(id[:8], user[:])
	copy(id[8:], sum[:])
	return id
}
