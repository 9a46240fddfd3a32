package buffer

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// A diskKey is a prefix byte and a progress.Key with the lengths of its first
// two parts in front of them, so that all keys of a learner are neighbours.
// The strings of a pending record are parts of its diskKey, which is also the
// key of the map that finds it: one allocation for all three.

func appendDiskKey(dst []byte, prefix byte, k progress.Key) []byte {
	dst = append(dst, prefix)
	dst = binary.AppendUvarint(dst, uint64(len(k.UserID)))
	dst = append(dst, k.UserID...)
	dst = binary.AppendUvarint(dst, uint64(len(k.CourseID)))
	dst = append(dst, k.CourseID...)
	return append(dst, k.LessonID...)
}

// splitDiskKey returns the key that s holds behind its prefix, sharing s.
func splitDiskKey(s string) (progress.Key, bool) {
	if s == "" {
		return progress.Key{}, false
	}
	user, s, ok := cutString(s[1:])
	if !ok {
		return progress.Key{}, false
	}
	course, lesson, ok := cutString(s)
	return progress.Key{UserID: user, CourseID: course, LessonID: lesson}, ok
}

func cutString(s string) (head, rest string, ok bool) {
	var n uint64
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			s = s[i+1:]
			if n > uint64(len(s)) {
				return "", "", false
			}
			return s[:n], s[n:], true
		}
	}
	return "", "", false
}

// laneOf is the lane of a diskKey, whatever its prefix. It must stay the same
// for the life of a spool.
func laneOf(key []byte, lanes int) int {
	return int(checksum(key[1:]) % uint32(lanes))
}

func checksum(key []byte) uint32 { return crc32.Checksum(key, crc32.MakeTable(crc32.Castagnoli)) }
