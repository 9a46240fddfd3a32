package handover

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// writerOf is the writer of a sidecar by its letter.
func writerOf(name string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(name[:1])) }

// ownerOf is the process of a sidecar: b is the first one of b, and b2 the second.
func ownerOf(name string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte("owner of "+name)) }

func memberOf(name string) members.Member {
	return members.Member{Writer: writerOf(name), Owner: ownerOf(name), Target: "t", Protocol: 1}
}

// setOf is who there is in the eyes of the sidecar a. A candidate is a letter and the
// number of its process; one with a minus is about to stop, as is a where it is not named.
func setOf(candidates string) members.Set {
	self := memberOf("a")
	self.Leaving = true
	var others []members.Member
	for name := range strings.FieldsSeq(candidates) {
		stays, isLeaving := strings.CutPrefix(name, "-")
		m := memberOf(stays)
		if m.Leaving = isLeaving; stays[:1] == "a" {
			self = m
		} else {
			others = append(others, m)
		}
	}
	return members.New(self, others)
}

// namesOf are the letters of writers, in order.
func namesOf(writers []uuid.UUID) string {
	var names []string
	for _, w := range writers {
		for letter := 'a'; letter <= 'z'; letter++ {
			if writerOf(string(letter)) == w {
				names = append(names, string(letter))
			}
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// learnerOf is the hash of a learner whose home is one sidecar after the other, in the
// eyes of a.
func learnerOf(t *testing.T, homes ...home) uint64 {
	t.Helper()
next:
	for learner := range uint64(1 << 20) {
		learner *= 0x9e3779b97f4a7c15 // spread, as hashes are
		for _, h := range homes {
			if m, _ := setOf(h.candidates).HomeOf(learner); m.Writer != writerOf(h.name) {
				continue next
			}
		}
		return learner
	}
	t.Fatal(fmt.Sprint("no learner's homes are ", homes))
	return 0
}

// home is who is home while there are some candidates.
type home struct{ name, candidates string }

// following is a registry that tells nothing newer than what Follow was told.
func following(h *Handover) func() members.Set { return func() members.Set { return h.View().Set } }
