package route

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Learners whose names begin with "own" are at home here; the home of another one is
// the part of the name before the dash.
type byName struct{}

func (byName) Home(userID string) (home members.Member, self bool) {
	name, _, _ := strings.Cut(userID, "-")
	return members.Member{Writer: writerOf(name)}, name == "own"
}

func writerOf(name string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(name)) }

// of is an update of a learner. event may be empty.
func of(learner, event string) progress.Update {
	return progress.Update{Key: progress.Key{UserID: learner, CourseID: "c", LessonID: "l"}, EventID: event}
}

// store keeps what it was given, in the order of coming.
type store struct {
	mu      sync.Mutex
	updates []progress.Update
	resets  []progress.Key
	strays  []buffer.Stray
	fails   error            // refuses whole calls
	refuses map[string]error // by learner
	broken  error            // ends DropStrays and TakeStrays
}

func (s *store) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	return s.take(ctx, updates, func(u progress.Update) { s.updates = append(s.updates, u) })
}

func (s *store) PutStray(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	return s.take(ctx, updates, func(u progress.Update) {
		s.strays = append(s.strays, buffer.Stray{ID: progress.Instant(len(s.strays) + 1), Update: u})
	})
}

func (s *store) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	updates := make([]progress.Update, len(keys))
	for i, k := range keys {
		updates[i].Key = k
	}
	return s.take(ctx, updates, func(u progress.Update) { s.resets = append(s.resets, u.Key) })
}

func (s *store) take(ctx context.Context, updates []progress.Update, keep func(progress.Update)) ([]buffer.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.fails != nil {
		return nil, s.fails
	}
	results := make([]buffer.Result, len(updates))
	for i, u := range updates {
		results[i].Record.Key = u.Key
		if results[i].Err = s.refuses[u.UserID]; results[i].Err == nil {
			keep(u)
		}
	}
	return results, nil
}

func (s *store) Strays(after progress.Instant, limit int) (page []buffer.Stray, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.strays {
		if x.ID > after {
			page = append(page, x)
		}
	}
	return page[:min(limit, len(page))], len(page) > limit
}

func (s *store) DropStrays(ctx context.Context, ids []progress.Instant) error {
	_, err := s.end(ctx, ids)
	return err
}

func (s *store) TakeStrays(ctx context.Context, ids []progress.Instant) (int, error) {
	gone, err := s.end(ctx, ids)
	for _, x := range gone {
		s.updates = append(s.updates, x.Update)
	}
	return len(gone), err
}

func (s *store) end(ctx context.Context, ids []progress.Instant) (gone []buffer.Stray, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(ctx.Err(), s.broken); err != nil {
		return nil, err
	}
	s.strays = slices.DeleteFunc(s.strays, func(x buffer.Stray) bool {
		if slices.Contains(ids, x.ID) {
			gone = append(gone, x)
			return true
		}
		return false
	})
	return gone, nil
}

// way is the way to a home: of a call the first items arrive and are answered, and
// then comes the error, with which unanswered items may have arrived too.
type way struct {
	home     *store
	answered int // -1 for all
	err      error
	arrived  bool // what is not answered
	away     time.Duration
	during   func()          // called when the items have arrived
	ids      map[string]bool // event ids that the home has seen
}

func (w *way) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	return w.bring(ctx, len(updates), func(ctx context.Context, from, to int) ([]buffer.Result, error) {
		return w.home.Put(ctx, w.unseen(updates[from:to]))
	})
}

func (w *way) AwayFor() time.Duration { return w.away }

func (w *way) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	return w.bring(ctx, len(keys), func(ctx context.Context, from, to int) ([]buffer.Result, error) {
		return w.home.Reset(ctx, keys[from:to])
	})
}

func (w *way) bring(
	ctx context.Context, items int, take func(ctx context.Context, from, to int) ([]buffer.Result, error),
) ([]buffer.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	answered := min(w.answered, items)
	if w.answered < 0 {
		answered = items
	}
	results, err := take(ctx, 0, answered)
	if w.during != nil {
		w.during()
	}
	if err != nil || answered == items {
		return results, err
	}
	if w.arrived {
		_, _ = take(ctx, answered, items)
	}
	return results, w.err
}

// unseen is what the home merges; it counts an event id once.
func (w *way) unseen(updates []progress.Update) []progress.Update {
	merged := slices.Clone(updates)
	for i := range merged {
		if id := merged[i].EventID; id != "" && w.ids[id] {
			merged[i].ModuleID = repeated
		} else if id != "" && w.home.refuses[merged[i].UserID] == nil {
			w.ids[id] = true
		}
	}
	return merged
}

// repeated marks an update that the home has seen before.
const repeated = "repeated"

// tally is an Observer.
type tally struct {
	mu     sync.Mutex
	handed int
	kept   map[string]int
}

func (o *tally) HandedOn(items int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.handed += items
}

func (o *tally) KeptLocally(reason string, items int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept[reason] += items
}

// fixture is a Router with its own buffer and the ways to other homes.
type fixture struct {
	*Router
	own   *store
	ways  map[uuid.UUID]*way
	tally *tally
	// merger is by which own updates are merged, of all learners if nothing else is said.
	merger Merger
}

// except merges the updates of all learners but some.
type except []string

func (e except) Merges(userID string) bool { return !slices.Contains(e, userID) }

// newFixture has ways to homes by their names.
func newFixture(ways map[string]*way) *fixture {
	f := &fixture{own: &store{}, ways: map[uuid.UUID]*way{}, tally: &tally{kept: map[string]int{}}, merger: except{}}
	for name, w := range ways {
		if w.home == nil {
			w.home = &store{}
		}
		w.ids = map[string]bool{}
		f.ways[writerOf(name)] = w
	}
	f.Router = New(Options{
		Local: f.own, Homes: func() Homes { return byName{} }, Observer: f.tally,
		Use: func() (Merger, func()) { return f.merger, func() {} },
		Peer: func(writer uuid.UUID) Peer {
			if w := f.ways[writer]; w != nil {
				return w
			}
			return nil
		},
	})
	return f
}

func open() *way { return &way{answered: -1} }

func closed(reason string) *way { return &way{err: &hop.UnreachableError{Reason: reason}} }

func silent(arrived bool) *way { return &way{err: hop.ErrInDoubt, arrived: arrived} }

func (s *store) learners() (all []string) {
	for _, u := range s.updates {
		all = append(all, u.UserID)
	}
	slices.Sort(all)
	return all
}

func (s *store) stray() (all []string) {
	for _, x := range s.strays {
		all = append(all, x.Update.UserID)
	}
	slices.Sort(all)
	return all
}
