package buffer

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// learner is the first half of the ids of a learner and of the learner's events.
type learner [8]byte

func learnerOf(id [16]byte) learner { return learner(id[:8]) }

// salt makes ids of learners and events. It is the writer's id, so that the same
// learner is another one in every spool.
type salt uuid.UUID

// learnerID is the id that stands for a learner. scratch may be nil.
func (s *salt) learnerID(scratch []byte, userID string) spool.LearnerID {
	scratch = append(append(scratch[:0], s[:]...), userID...)
	sum := sha256.Sum256(scratch)
	return spool.LearnerID(sum[:16])
}

// eventID is the identity of an event of a key. Its first half is the learner's
// alone, so that the events of a learner can be found.
func (s *salt) eventID(scratch, key []byte, u *progress.Update) (id spool.EventID) {
	user := learnerOf(s.learnerID(scratch, u.UserID))
	scratch = append(scratch[:0], s[:]...)
	scratch = binary.AppendUvarint(scratch, uint64(len(u.EventID)))
	scratch = append(scratch, u.EventID...)
	scratch = append(scratch, key...)
	sum := sha256.Sum256(scratch)
	copy(id[:8], user[:])
	copy(id[8:], sum[:])
	return id
}

// idSize is the most memory that an event id is made in, in bytes.
func idSize(key []byte, u *progress.Update) int {
	return len(salt{}) + binary.MaxVarintLen64 + len(u.EventID) + len(key)
}
