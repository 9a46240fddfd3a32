package roll

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

const (
	// outage is how long the registry has to be away for the others to be gone from
	// it too: no sidecar that reaches it lets two periods pass.
	outage = 2*Period + Period/5
	// comeback is how long after an outage all others have had the time to enroll:
	// a period with its jitter, and a call.
	comeback = Period + Period/10 + enrollPatience
)

// memory is what is known from one call of the registry to the next. It is a value:
// each call makes another one of it.
type memory struct {
	self members.Member
	// told are the others as the registry has last told them.
	told members.View
	// known are those of told, and after an outage those that were known before it.
	known []members.Member
	// success is when the registry last answered, zero if never.
	success time.Time
	// missed is until when others that were known before an outage are not missed.
	missed time.Time
	// tidied is when gone sidecars were last removed, zero if never.
	tidied time.Time
}

// after is what is known after an answer of the registry.
//
// The registry has those that it has seen within a minute. If it was away for longer,
// the first to come back would find itself alone, take all learners for its own and
// give them back one by one. So others of before the outage are kept until they had
// the time to come back, unless they were leaving or have come back as another process.
func (m memory) after(told members.View, self members.Member, now time.Time) memory {
	next := m
	next.self, next.told, next.known, next.success = self, told, told.Members(), now
	if !m.success.IsZero() && now.Sub(m.success) > outage {
		next.missed = now.Add(comeback)
	}
	if now.Before(next.missed) {
		there := next.known
		for _, before := range m.known {
			if !before.Leaving && before.Target == self.Target && !hasWriter(there, before.Writer) {
				next.known = append(next.known, before)
			}
		}
	}
	return next
}

func hasWriter(all []members.Member, writer uuid.UUID) bool {
	return slices.ContainsFunc(all, func(m members.Member) bool { return m.Writer == writer })
}

// sameMembers reports whether the set of next is the one there is already. Before the
// first answer there is none.
func (m memory) sameMembers(next memory) bool {
	return !m.success.IsZero() && m.self.Equal(next.self) && slices.EqualFunc(m.known, next.known, members.Member.Equal)
}
