package peers

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// writer is the id of the n-th spool, 0 for the sidecar's own.
func writer(n byte) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)+1)
	return id
}

// setOf is the sidecar with so many others.
func setOf(others byte, change ...func(*members.Member)) members.Set {
	var all []members.Member
	for n := byte(1); n <= others; n++ {
		m := members.Member{Writer: writer(n), Target: "t", Protocol: 1}
		for _, f := range change {
			f(&m)
		}
		all = append(all, m)
	}
	return members.New(members.Member{Writer: writer(0), Target: "t", Protocol: 1}, all)
}

func TestStanding(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	reached := func(d time.Duration) contact { return contact{at: ago(d)} }
	failed := func(reason string, d, since time.Duration) contact { return contact{ago(d), reason, ago(since)} }
	known := registration{state: enrolled}
	const auto, off = config.PeersAuto, config.PeersOff
	for sentence, c := range map[string]struct {
		mode         config.PeersMode
		registration registration
		set          members.Set
		contacts     []contact // of the others
		want         status.Peers
		peered       bool
	}{
		"with the mode Off there is nothing to tell":                  {off, known, setOf(2), nil, status.Peers{Mode: off}, false},
		"one that has just started is not peered, and has not failed": {auto, registration{}, members.Set{}, nil, status.Peers{Mode: auto}, false},
		"without a registry it is told since when": {
			auto, registration{status.PeersNoRegistry, ago(time.Hour)}, members.Set{}, nil,
			status.Peers{Mode: auto, Failure: &status.PeersFailure{Reason: status.PeersNoRegistry, Since: ago(time.Hour)}}, false,
		},
		"without a port too": {
			auto, registration{status.PeersPortTaken, ago(time.Minute)}, members.Set{}, nil,
			status.Peers{Mode: auto, Failure: &status.PeersFailure{Reason: status.PeersPortTaken, Since: ago(time.Minute)}}, false,
		},
		"one that is alone is peered": {auto, known, setOf(0), nil, status.Peers{Mode: auto, Members: 1, Candidates: 1}, true},
		"one that has not tried to reach anybody is peered": {
			auto, known, setOf(3), nil, status.Peers{Mode: auto, Members: 4, Candidates: 4}, true,
		},
		"one that reaches others is": {
			auto, known, setOf(2), []contact{reached(0), reached(time.Minute)},
			status.Peers{Mode: auto, Members: 3, Candidates: 3, Reached: 2}, true,
		},
		"one that misses a single of several is": {
			auto, known, setOf(2), []contact{reached(0), failed("connect", 0, 0)},
			status.Peers{Mode: auto, Members: 3, Candidates: 3, Reached: 1, Unreached: 1}, true,
		},
		"one that reaches nobody is blocked, since the first failure, for the last reason": {
			auto, known, setOf(2), []contact{failed("connect", time.Second, 2*time.Minute), failed("in_doubt", time.Minute, time.Minute)},
			status.Peers{
				Mode: auto, Members: 3, Candidates: 3, Unreached: 2,
				Failure: &status.PeersFailure{Reason: "connect", Since: ago(2 * time.Minute)},
			}, false,
		},
		"one that reaches fewer than it misses is blocked since the failure that made it so": {
			auto, known, setOf(3), []contact{reached(0), failed("connect", 0, 4*time.Minute), failed("left", time.Second, 3*time.Minute)},
			status.Peers{
				Mode: auto, Members: 4, Candidates: 4, Reached: 1, Unreached: 2,
				Failure: &status.PeersFailure{Reason: "connect", Since: ago(3 * time.Minute)},
			}, false,
		},
		"what was found long ago is not told": {
			auto, known, setOf(2), []contact{reached(recent + 1), failed("connect", recent+1, time.Hour)},
			status.Peers{Mode: auto, Members: 3, Candidates: 3}, true,
		},
		"members of another protocol are told, and are no candidates": {
			auto, known, setOf(2, func(m *members.Member) { m.Protocol++ }), []contact{failed("connect", 0, 0)},
			status.Peers{Mode: auto, Members: 3, Candidates: 1, OtherProtocol: 2}, true,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			all := contacts{}
			for i, contact := range c.contacts {
				all[writer(byte(i+1)).String()] = contact
			}
			got := standing(c.mode, c.set, c.registration, all, now)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if got.Peered() != c.peered {
				t.Errorf("peered: %t", got.Peered())
			}
		})
	}
}

func TestARegistrationRemembersSinceWhenItFails(t *testing.T) {
	first, later := time.Unix(1, 0), time.Unix(2, 0)
	for sentence, c := range map[string]struct {
		before registration
		reason string
		want   registration
	}{
		"the first failure":                    {registration{}, status.PeersPortTaken, registration{status.PeersPortTaken, later}},
		"the same one again":                   {registration{status.PeersPortTaken, first}, status.PeersPortTaken, registration{status.PeersPortTaken, first}},
		"another one behind it":                {registration{status.PeersPortTaken, first}, status.PeersNoRegistry, registration{status.PeersNoRegistry, first}},
		"a registry that is away for a while":  {registration{state: enrolled}, status.PeersNoRegistry, registration{state: enrolled}},
		"a port that is lost after enrollment": {registration{state: enrolled}, status.PeersPortTaken, registration{status.PeersPortTaken, later}},
	} {
		if got := c.before.failed(c.reason, later); got != c.want {
			t.Errorf("%s: %v, want %v", sentence, got, c.want)
		}
	}
}

func TestAContactRemembersTheFirstFailureInARow(t *testing.T) {
	at := func(minutes int) time.Time { return time.Unix(0, 0).Add(time.Duration(minutes) * time.Minute) }
	for sentence, c := range map[string]struct {
		before contact
		failed string
		want   contact
	}{
		"an answer":                  {contact{}, "", contact{at: at(9)}},
		"an answer after failures":   {contact{at(8), "left", at(1)}, "", contact{at: at(9)}},
		"the first failure":          {contact{}, "left", contact{at(9), "left", at(9)}},
		"a failure after an answer":  {contact{at: at(8)}, "left", contact{at(9), "left", at(9)}},
		"a further failure":          {contact{at(8), "left", at(1)}, "busy", contact{at(9), "busy", at(1)}},
		"a failure after long peace": {contact{at(3), "left", at(1)}, "busy", contact{at(9), "busy", at(9)}},
	} {
		if got := c.before.after(c.failed, at(9)); got != c.want {
			t.Errorf("%s: %v, want %v", sentence, got, c.want)
		}
	}
}

func TestWhyAPeerWasNotReached(t *testing.T) {
	for err, want := range map[error]string{
		buffer.ErrNoSpace: "", // it has answered
		hop.ErrInDoubt:    "in_doubt",
		&hop.UnreachableError{Reason: hop.ReasonConnect}: hop.ReasonConnect,
		errors.New("another one"):                        "in_doubt",
	} {
		if got := failureOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	if got := failureOf(nil); got != "" {
		t.Error(got)
	}
}

// With pods that come and go all day, those that are gone would be remembered for ever.
func TestWhatIsKnownOfMembersThatLeftIsForgotten(t *testing.T) {
	c := newCounts()
	for n := range byte(3) {
		c.exchanged(hop.Exchange{Peer: writer(n + 1).String(), Err: hop.ErrInDoubt})
	}
	c.Enrolled(setOf(1))
	if got := c.status(config.PeersAuto, setOf(3)); got.Unreached != 1 || len(c.contacts) != 1 {
		t.Errorf("%+v, and %d are remembered", got, len(c.contacts))
	}
	c.ended()
	if got := c.status(config.PeersAuto, setOf(3)); got.Unreached != 0 || got.Members != 0 {
		t.Errorf("after the end %+v", got)
	}
}
