package flush

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush/erasures"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

var (
	// errStaleSpool says that the rows were not claimed, because the ledger is ahead
	// of everything that the spool knows.
	errStaleSpool = errors.New("the ledger is ahead of the spool")
	// errFenced says that the rows belong to a newer process.
	errFenced = errors.New("a newer process has the ledger")
)

// ledger is what this process knows of the ledger rows of all its lanes. The rows
// are known from a renewal until they are questioned, by a failure after which
// another server, or an older state of the same, may answer; whoever enters then
// renews them, once for all lanes.
//
// A renewal claims the rows or reads them. A claim takes them for this process's
// owner token, from whoever had them. It is made once, and again only when the
// database has just said that a row is gone or is as it was before the claim: a
// claim at any other time could take the rows back from a newer process that has
// fenced this one. Nor does an old copy of a spool get them from the process that
// has the spool: a claim that finds a row ahead of the spool leaves all rows as they
// are.
//
// Each renewal makes a new owner token, so that no batch which an earlier attempt has
// left on its way is committed once the rows were read: the spool may give that
// batch's number up then.
type ledger struct {
	db       Database
	spool    Buffer
	erasures *erasures.Erasures
	writer   string
	// tokens makes the owner tokens of this process. It is guarded by use.
	tokens *postgres.Owner

	// use is locked for reading by a turn, which works with the rows, and for
	// writing by a renewal and by a change of the spool's batches. So no batch
	// is written between the reading of a row and its use.
	use sync.RWMutex
	// owner is the token under which the rows were renewed last. It is guarded by use.
	owner string
	// erased counts the changes that undisturbed has made. It is guarded by use.
	erased uint64

	mu   sync.Mutex
	rows []row // by lanes; nil before the first claim
	// questions counts how often the rows were questioned, from 1; answered is the
	// last question that a renewal has answered.
	questions, answered uint64
	// saved is when a batch was confirmed last, or when a spool with such batches was
	// first seen by this process; zero for never.
	saved time.Time
	// replayed is when a batch was last applied again. A claim counts as such a
	// moment, since another process may have applied one.
	replayed time.Time
	// renewed is when the rows were renewed last.
	renewed time.Time
	change  chan struct{} // closed at the next renewal, question or change of batches
}

// row is the ledger row of a lane.
type row struct {
	place
	// claims is how often it was claimed, this process's claim included.
	claims uint64
	// agreed is when ledger and spool were last seen to agree, zero for never.
	agreed time.Time
}

func newLedger(db Database, spool Buffer, e *erasures.Erasures) *ledger {
	return &ledger{
		db: db, spool: spool, erasures: e, writer: spool.Writer(), tokens: postgres.NewOwner(),
		questions: 1, change: make(chan struct{}),
	}
}

// enter returns when the rows are known, renewing them first if need be, and
// whether it did. Without an error the caller has use locked shared, and unlocks it
// with leave.
func (g *ledger) enter(ctx context.Context) (renewed bool, err error) {
	for {
		g.use.RLock()
		if g.known() {
			return renewed, nil
		}
		g.use.RUnlock()
		if err := g.renew(ctx, false); err != nil {
			return renewed, err
		}
		renewed = true
	}
}

func (g *ledger) leave() { g.use.RUnlock() }

// renew claims or reads the rows unless they are known; with anyway it does so
// in any case. Erasures are repeated where the database may be an older one. It
// returns errStaleSpool, errFenced, an *erasures.DiskError or an error of the
// database.
func (g *ledger) renew(ctx context.Context, anyway bool) error {
	g.use.Lock()
	defer g.use.Unlock()
	before, question, known := g.view()
	if known && !anyway {
		return nil
	}
	owner := g.tokens.Next()
	rows, err := g.read(ctx, owner, before)
	claimed := err == nil && rows == nil
	if claimed {
		rows, err = g.claim(ctx, owner)
	}
	if err != nil {
		return err
	}
	g.owner = owner
	undone := !known || claimed || fellBack(before, rows)
	g.learn(rows, claimed)
	if undone {
		if err := g.erasures.Repeat(ctx); err != nil {
			return err
		}
	}
	g.answer(question)
	return nil
}

// read reads the rows. It returns none if they have to be claimed: for the first
// time, or because a row is gone or is as it was before this process's claim. Every
// claim raises the count, so that of two processes which both live, as on copies of
// a spool, the one that finds the higher count stops, and they don't fight.
func (g *ledger) read(ctx context.Context, owner string, before []row) ([]row, error) {
	if before == nil {
		return nil, nil
	}
	found, err := g.db.RenewLedger(ctx, g.writer, owner, len(before))
	if err != nil {
		return nil, fmt.Errorf("asking where the ledger stands: %w", err)
	}
	rows := slices.Clone(before)
	for i, f := range found {
		switch {
		case f.Exists && !f.Ours && f.Claims >= before[i].claims:
			return nil, errFenced
		case !f.Exists || !f.Ours:
			rows = nil
		case rows != nil:
			rows[i].place, rows[i].claims = place{f.Number, f.BatchID}, f.Claims
		}
	}
	return rows, nil
}

func (g *ledger) claim(ctx context.Context, owner string) ([]row, error) {
	claimed, err := g.db.Claim(ctx, g.writer, owner, g.spool.Lanes(), g.approve)
	if err != nil {
		return nil, fmt.Errorf("claiming the ledger: %w", err)
	}
	rows := make([]row, len(claimed))
	for i, c := range claimed {
		rows[i] = row{place: place{c.Number, c.BatchID}, claims: c.Claims}
	}
	return rows, nil
}

// approve refuses a claim that would fence the process that has the spool from
// an old copy of it. No lane is at work, so that the spool knows of all batches
// that this process has sent.
func (g *ledger) approve(claimed []postgres.Claimed) error {
	if len(claimed) != g.spool.Lanes() {
		return fmt.Errorf("%d lanes instead of %d", len(claimed), g.spool.Lanes())
	}
	for i, c := range claimed {
		if compare(place{c.Number, c.BatchID}, g.spool.Applied(i), g.spool.Frozen(i)) == stepHold {
			return errStaleSpool
		}
	}
	return nil
}

func fellBack(before, after []row) bool {
	for i := range before {
		if after[i].number < before[i].number {
			return true
		}
	}
	return false
}

// known reports whether no question is open.
func (g *ledger) known() bool {
	_, _, known := g.view()
	return known
}

func (g *ledger) view() (rows []row, question uint64, known bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.rows), g.questions, g.answered == g.questions
}

// question says that the database's rows may not be as they are known here.
func (g *ledger) question() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.questions++
	g.signalLocked()
}

// learn takes over what a renewal has found.
func (g *ledger) learn(rows []row, claimed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.rows = rows
	if claimed {
		g.replayed = now
	}
	for i := range rows {
		applied := g.spool.Applied(i)
		if applied > 0 && g.saved.IsZero() {
			g.saved = now
		}
		if compare(rows[i].place, applied, g.spool.Frozen(i)) == stepWrite {
			rows[i].agreed = now
		}
	}
}

func (g *ledger) answer(question uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answered, g.renewed = question, time.Now()
	g.signalLocked()
}

// changed is closed at the next change of what is known.
func (g *ledger) changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.change
}

func (g *ledger) signalLocked() {
	close(g.change)
	g.change = make(chan struct{})
}

// of returns where the lane's row stands as far as is known. It returns false before
// the first claim.
func (g *ledger) of(lane int) (place, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.rows == nil {
		return place{}, false
	}
	return g.rows[lane].place, true
}

// moved notes that a lane's batch was applied, or, with replayed, applied again.
func (g *ledger) moved(lane int, to place, replayed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rows[lane].place = to
	if replayed {
		g.replayed = time.Now()
	}
}

// confirmed notes that the spool knows what the lane's row says.
func (g *ledger) confirmed(lane int, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rows[lane].agreed, g.saved = now, now
}

// sighting is the times of the ledger; zero for never. agreed is the earliest,
// over all lanes, of the times when ledger and spool were last seen to agree.
type sighting struct{ agreed, saved, replayed, renewed time.Time }

func (g *ledger) seen() sighting {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := sighting{saved: g.saved, replayed: g.replayed, renewed: g.renewed}
	for i, r := range g.rows {
		if i == 0 || r.agreed.Before(s.agreed) {
			s.agreed = r.agreed
		}
	}
	return s
}

// undisturbed runs a change of the spool's batches while no turn uses one.
func (g *ledger) undisturbed(change func() error) error {
	g.use.Lock()
	defer g.use.Unlock()
	defer func() { // what was in doubt may be gone
		g.mu.Lock()
		defer g.mu.Unlock()
		g.signalLocked()
	}()
	g.erased++
	return change()
}
