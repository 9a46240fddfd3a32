package roll

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pass lets time go by on the bubble's clock.
func pass(d time.Duration) { <-time.After(d) }

var errAway = errors.New("the database is away")

// table is the registry as the database keeps it.
type table struct {
	mu    sync.Mutex
	rows  map[uuid.UUID]row
	away  bool // it refuses every call
	hangs bool // it answers none
	blind bool // a process' first call sees no others, as if theirs were under way
	calls int
	tidy  int // calls that were to remove rows
}

type row struct {
	members.Member
	seen time.Time
}

func newTable() *table { return &table{rows: map[uuid.UUID]row{}} }

func (t *table) Enroll(ctx context.Context, self members.Member, _ members.View, tidy bool) (members.View, error) {
	if err := t.enter(ctx); err != nil {
		return members.View{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if tidy {
		t.tidy++
	}
	seesNobody := t.blind && t.rows[self.Writer].Owner != self.Owner
	self.Leaving = self.Leaving || t.rows[self.Writer].Owner == self.Owner && t.rows[self.Writer].Leaving
	t.rows[self.Writer] = row{self, time.Now()}
	var others []members.Entry
	for writer, r := range t.rows {
		if writer != self.Writer && r.Target == self.Target && time.Since(r.seen) < time.Minute && !seesNobody {
			others = append(others, members.Entry{Member: r.Member})
		}
	}
	return members.View{}.After(time.Now(), others, nil), nil
}

func (t *table) Leave(ctx context.Context, writer, owner uuid.UUID) error {
	if err := t.enter(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows[writer].Owner == owner {
		delete(t.rows, writer)
	}
	return nil
}

func (t *table) enter(ctx context.Context) error {
	t.mu.Lock()
	t.calls++
	away, hangs := t.away, t.hangs
	t.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if away {
		return errAway
	}
	return ctx.Err()
}

// change does something to the table while nobody calls it.
func (t *table) change(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

func (t *table) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.calls
}

// sidecar is a Roll that runs, with all that it is made of.
type sidecar struct {
	*Roll
	mu     sync.Mutex
	self   members.Member
	keys   []members.Fingerprint
	has    []members.Fingerprint // as the registry was said to have them
	failed []error
	kill   context.CancelFunc // without leaving
	stop   func()
}

func (s *sidecar) Fingerprints() ([]members.Fingerprint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys, nil
}

func (s *sidecar) Registered(all []members.Fingerprint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.has = all
}

// heard are the keys that the registry was last said to have.
func (s *sidecar) heard() []members.Fingerprint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.has
}

func (s *sidecar) Enrolled(members.Set) {}

func (s *sidecar) NotEnrolled(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = append(s.failed, err)
}

func (s *sidecar) failures() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// mortal is a registry that a killed sidecar does not reach any more.
type mortal struct {
	*table
	life context.Context //nolint:containedctx // its end is the process' death
}

func (m mortal) Enroll(ctx context.Context, self members.Member, known members.View, tidy bool) (members.View, error) {
	if m.life.Err() != nil {
		return members.View{}, m.life.Err()
	}
	return m.table.Enroll(ctx, self, known, tidy)
}

func (m mortal) Leave(ctx context.Context, writer, owner uuid.UUID) error {
	if m.life.Err() != nil {
		return m.life.Err()
	}
	return m.table.Leave(ctx, writer, owner)
}

// keyOf is the key of the n-th sidecar.
func keyOf(n int) members.Fingerprint { return members.Fingerprint{byte(n)} }

func writerOf(n int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("writer "+strconv.Itoa(n)))
}

// start runs the n-th sidecar on a table, until stop or the test's end.
func start(t *testing.T, registry *table, n int) *sidecar {
	t.Helper()
	s := &sidecar{self: members.Member{Writer: writerOf(n), Owner: uuid.New(), Target: "t", Protocol: 1}, keys: []members.Fingerprint{keyOf(n)}}
	life, kill := context.WithCancel(t.Context())
	s.kill = kill
	chance := float64(n%10) / 10
	s.Roll = New(Options{
		Self: func() members.Member {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.self
		},
		Registry: mortal{registry, life},
		Keys:     s, Observer: s,
		Chance: func() float64 { return chance },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	s.stop = func() {
		cancel()
		wg.Wait()
	}
	t.Cleanup(s.stop)
	return s
}

// homes are how many candidates a sidecar knows.
func (s *sidecar) homes() int { return len(s.Set().Candidates()) }
