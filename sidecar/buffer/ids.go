package buffer

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// learner is the first half of the ids of a learner's events.
type learner [8]byte

func learnerOf(id spool.EventID) learner { return learner(id[:8]) }

// learnerNamed is the learner in ids that are not salted.
func learnerNamed(userID string) (of learner) {
	binary.BigEndian.PutUint64(of[:], learnerhash.Of(userID))
	return of
}

// eventID is the identity of an event of a key, the same in every spool and in all
// versions of the program. scratch may be nil.
func eventID(scratch, key []byte, u *progress.Update) (id spool.EventID) {
	of := learnerNamed(u.UserID)
	sum := sha256.Sum256(appendEvent(scratch[:0], key, u))
	copy(id[:8], of[:])
	copy(id[8:], sum[:])
	return id
}

func appendEvent(dst, key []byte, u *progress.Update) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(u.EventID)))
	return append(append(dst, u.EventID...), key...)
}

// idSize is the most memory that an event id is made in, in bytes.
func idSize(key []byte, u *progress.Update) int {
	return len(salt{}) + binary.MaxVarintLen64 + len(u.EventID) + len(key)
}

// salt makes the ids of erased learners, and those that earlier versions gave to
// events. It is the writer's id, so that the same learner is another one in every
// spool.
type salt uuid.UUID

// learnerID is the id that stands for an erased learner. scratch may be nil.
func (s *salt) learnerID(scratch []byte, userID string) spool.LearnerID {
	scratch = append(append(scratch[:0], s[:]...), userID...)
	sum := sha256.Sum256(scratch)
	return spool.LearnerID(sum[:16])
}

// learner is the learner in ids that are salted.
func (s *salt) learner(scratch []byte, userID string) learner {
	id := s.learnerID(scratch, userID)
	return learner(id[:8])
}

// eventID is what an earlier version remembered an event by, see spool.EventSalted.
func (s *salt) eventID(scratch, key []byte, u *progress.Update) (id spool.EventID) {
	of := s.learner(scratch, u.UserID)
	sum := sha256.Sum256(appendEvent(append(scratch[:0], s[:]...), key, u))
	copy(id[:8], of[:])
	copy(id[8:], sum[:])
	return id
}
