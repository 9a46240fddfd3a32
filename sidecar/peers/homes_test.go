package peers

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/peers/handover"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/roll"
)

// deaf is an observer that is told of nothing that counts here.
type deaf struct{}

func (deaf) Enrolled(members.Set) {}
func (deaf) NotEnrolled(error)    {}

// A sidecar that takes itself for the home too early counts again what another one has
// taken from a client that got no answer; one that waits for too long saves nothing.
func TestWhetherItIsKnownWhoIsHome(t *testing.T) {
	silence := error(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
	denial := error(&pgconn.PgError{Code: "42501", Message: "permission denied"})
	missing := error(&pgconn.PgError{Code: "42P01", Message: "relation does not exist"})
	unable := error(&pgconn.PgError{Code: "0A000", Message: "feature not supported"})
	for name, tt := range map[string]struct {
		term  bool
		alone bool
		since time.Duration
		errs  []error
		known bool
		told  bool
	}{
		"not before the first term":                                {false, false, 0, nil, false, false},
		"a sidecar without peers is home to all":                   {false, true, 0, nil, true, true},
		"not before the registry has answered":                     {true, false, time.Second, nil, false, false},
		"not while the database is away for a moment":              {true, false, time.Second, []error{silence}, false, false},
		"the others have forgotten who was away for a minute":      {true, false, firstAnswer + time.Second, []error{silence}, true, false},
		"rights that are revoked may be granted in a moment":       {true, false, time.Second, []error{denial}, false, false},
		"tables that are missing may be made in a moment":          {true, false, time.Second, []error{missing}, false, false},
		"a minute without rights is as without a registry":         {true, false, firstAnswer + time.Second, []error{silence, denial}, true, true},
		"a minute without rights, and then silence, is no answer":  {true, false, firstAnswer + time.Second, []error{denial, silence}, true, false},
		"a database that can't have a registry is asked in vain":   {true, false, time.Second, []error{unable}, true, true},
		"being without peers says nothing of the term that begins": {true, true, time.Second, nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Peers{}
			if tt.alone {
				p.term.Store(alone())
			}
			if tt.term {
				f := &first{Observer: deaf{}, began: time.Now().Add(-tt.since)}
				for _, err := range tt.errs {
					f.NotEnrolled(err)
				}
				begun := &term{roll: roll.New(roll.Options{}), first: f, handover: handover.New(handover.Options{})}
				p.term.Store(begun)
			}
			if known := p.homes() != nil; known != tt.known {
				t.Errorf("it is known: %v", known)
			}
			m, end := p.use()
			defer end()
			if merges := m != nil && m.Merges("ada"); merges != tt.known {
				t.Errorf("it merges: %v", merges)
			}
			// What is told to learners must not say more than is known for certain.
			told := p.Told()
			answered, missed := p.Forward(nil, nil, "ada", "")
			if told != tt.told || answered || missed == tt.told {
				t.Errorf("it is told: %v; another one should answer: %v", told, missed)
			}
		})
	}
}
