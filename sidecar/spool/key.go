package spool

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Key is a progress.Key as one string: with the lengths of its first two parts in
// front of them, so that all keys of a learner have the same beginning. It is the
// same for the life of a spool.
type Key string

// KeyOf returns the Key of k.
func KeyOf(k progress.Key) Key { return Key(AppendKey(nil, k)) }

// AppendKey appends the Key of k to dst.
func AppendKey(dst []byte, k progress.Key) []byte {
	dst = appendString(dst, k.UserID)
	dst = appendString(dst, k.CourseID)
	return append(dst, k.LessonID...)
}

// Split returns the key, whose strings are parts of k, and whether k is one.
func (k Key) Split() (progress.Key, bool) {
	user, rest, ok := cutString(string(k))
	if !ok {
		return progress.Key{}, false
	}
	course, lesson, ok := cutString(rest)
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
