package flush

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// spool is what a claim has to know of the buffer.
type spool interface {
	Writer() string
	Lanes() int
	Frozen(lane int) []progress.Batch
	Applied(lane int) uint64
}

// errStaleSpool says that the rows were not claimed, because the ledger is ahead
// of everything that the spool knows.
var errStaleSpool = errors.New("the ledger is ahead of the spool")

// session is the right to write under the ledger rows of this spool. A claim
// takes them for this process's owner token, from whoever had them, and reads
// their numbers. It is made once, and again only when the database has just
// said that a row is gone or is as it was before the claim: a claim at any other
// time could take the rows back from a newer process that has fenced this one.
// Nor does an old copy of a spool get them from the process that has the spool:
// a claim that finds a row ahead of the spool leaves all rows as they are.
type session struct {
	db     Database
	spool  spool
	writer string
	owner  string

	// use is held shared by a lane that works with the numbers of the claim,
	// and whole by a claim, so that no batch is written between the reading of
	// a number and its use.
	use sync.RWMutex

	mu      sync.Mutex
	valid   bool
	current claim
	renewed chan struct{}
}

// claim is what the ledger said when it was claimed for the epoch-th time.
type claim struct {
	epoch uint64
	rows  []postgres.Claimed // by lanes
}

func newSession(db Database, s spool, owner string) *session {
	return &session{db: db, spool: s, writer: s.Writer(), owner: owner, renewed: make(chan struct{})}
}

// enter returns a valid claim, claiming first if needed. Without an error the
// caller holds s.use shared and must release it.
func (s *session) enter(ctx context.Context) (claim, error) {
	for {
		s.use.RLock()
		if c, valid := s.peek(); valid {
			return c, nil
		}
		s.use.RUnlock()
		if err := s.claim(ctx); err != nil {
			return claim{}, err
		}
	}
}

// peek returns the last claim and whether it still holds.
func (s *session) peek() (claim, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.valid
}

// claim takes the ledger rows unless they are held.
func (s *session) claim(ctx context.Context) error {
	s.use.Lock()
	defer s.use.Unlock()
	if _, valid := s.peek(); valid {
		return nil
	}
	rows, err := s.db.Claim(ctx, s.writer, s.owner, s.spool.Lanes(), s.accept)
	if err != nil {
		return fmt.Errorf("claiming the ledger: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid = true
	s.current = claim{epoch: s.current.epoch + 1, rows: rows}
	close(s.renewed)
	s.renewed = make(chan struct{})
	return nil
}

// accept refuses a claim that would fence the process that has the spool from
// an old copy of it. No lane is at work, so that the spool knows of all batches
// that this process has sent.
func (s *session) accept(rows []postgres.Claimed) error {
	if len(rows) != s.spool.Lanes() {
		return fmt.Errorf("%d lanes instead of %d", len(rows), s.spool.Lanes())
	}
	for i, row := range rows {
		at := place{row.Number, row.BatchID}
		if compare(at, s.spool.Applied(i), s.spool.Frozen(i)) == moveHold {
			return errStaleSpool
		}
	}
	return nil
}

// invalidate makes the next use of the session claim again.
func (s *session) invalidate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid = false
}

// renewal is closed at the next claim.
func (s *session) renewal() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renewed
}
