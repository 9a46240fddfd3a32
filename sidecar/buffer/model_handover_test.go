package buffer

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

const (
	fleetSize     = 3
	fleetLearners = 4
)

// homes is the sidecar that is home of each learner.
type homes [fleetLearners]int

// fleet is sidecars that hand updates on to the homes of their learners, and event ids
// over to the learners' next homes. Each sees the change of homes at a time of its
// own.
type fleet struct {
	views    []homes // in their order
	sidecars []*fleetSidecar
	accepted map[modelEvent]bool
}

// fleetSidecar is a buffer with what a sidecar has to know of the others. It keeps an
// update as a stray where it is not the learner's home, or where another one that may
// have been it has not yet said that it has handed over all.
type fleetSidecar struct {
	*fleet
	number int
	b      *Buffer
	disk   *disktest.Disk
	opts   Options
	view   int // the last that it has seen
	// moved are the learners whose home it has become.
	moved map[int]bool
	// told is the view for which each other one has handed over all.
	told [fleetSize]int
	// outbox are the ids that are to be handed over.
	outbox [fleetSize][]spool.EventID
	// answered are strays that a home has, which this one has yet to drop.
	answered []progress.Instant
	sender   SenderID
	batch    uint64
}

func (s *fleetSidecar) home(learner int) int { return s.views[s.view][learner] }

// mayMerge reports whether it is the home of a learner and nobody else was.
func (s *fleetSidecar) mayMerge(learner int) bool {
	return s.home(learner) == s.number && !s.moved[learner]
}

func (s *fleetSidecar) open(t *rapid.T) {
	s.opts.FS = s.disk
	b, err := Open(s.opts)
	if err != nil {
		t.Fatal(err)
	}
	s.b = b
}

// see lets it see a later view.
func (s *fleetSidecar) see(view int) {
	for learner := range fleetLearners {
		before := s.home(learner)
		switch next := s.views[view][learner]; next {
		case before:
		case s.number:
			s.moved[learner] = true
		default:
			delete(s.moved, learner)
			s.pack(learner, next)
		}
	}
	s.view = view
	s.awaitOthers()
}

// pack puts the ids of a learner's events into the outbox for a home.
func (s *fleetSidecar) pack(learner, home int) {
	hash := learnerhash.Of(key(learner).UserID)
	s.outbox[home] = append(s.outbox[home], s.b.EventIDsWhere(func(l uint64) bool { return l == hash })...)
}

// awaitOthers merges what has moved, from when all others have handed over theirs.
func (s *fleetSidecar) awaitOthers() {
	for other, view := range s.told {
		if other != s.number && view != s.view {
			return
		}
	}
	clear(s.moved)
}

// take takes an update from a client.
func (s *fleetSidecar) take(t *rapid.T, learner int, u progress.Update, hop string) {
	switch home := s.home(learner); {
	case s.mayMerge(learner):
		s.accept(t, u, s.b.Put)
	case home == s.number || hop == "cut":
		s.accept(t, u, s.b.PutStray)
	default:
		s.handOn(t, learner, u, s.sidecars[home])
		if hop == "answer lost" {
			s.accept(t, u, s.b.PutStray)
		}
	}
}

func (s *fleetSidecar) accept(t *rapid.T, u progress.Update, put func(context.Context, []progress.Update) ([]Result, error)) {
	results, err := put(context.Background(), []progress.Update{u})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	s.accepted[modelEvent{u.Key, u.EventID}] = true
}

// handOn hands an update on to a home, once or, where the answer is late, twice.
func (s *fleetSidecar) handOn(t *rapid.T, learner int, u progress.Update, home *fleetSidecar) {
	s.batch++
	item := Item{Update: u, Stray: !home.mayMerge(learner)}
	for range rapid.IntRange(1, 2).Draw(t, "times") {
		results, err := home.b.PutFrom(context.Background(), s.sender, s.batch, []Item{item})
		if err != nil || results[0].Err != nil {
			t.Fatal(err, results)
		}
	}
	s.accepted[modelEvent{u.Key, u.EventID}] = true
}

// deliver lets a stray go where it belongs, if that is known. lost says that the home's
// answer is; another one is there, and not heeded yet.
func (s *fleetSidecar) deliver(t *rapid.T, x Stray, lost bool) {
	learner := slices.IndexFunc([]progress.Key{key(0), key(1), key(2), key(3)}, func(k progress.Key) bool { return k == x.Update.Key })
	var err error
	if s.mayMerge(learner) {
		_, err = s.b.TakeStrays(context.Background(), []progress.Instant{x.ID})
	} else if home := s.home(learner); home != s.number {
		s.handOn(t, learner, x.Update, s.sidecars[home])
		if !lost {
			s.answered = append(s.answered, x.ID)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// heed drops the strays that homes have.
func (s *fleetSidecar) heed(t *rapid.T) {
	if err := s.b.DropStrays(context.Background(), s.answered); err != nil {
		t.Fatal(err)
	}
	s.answered = nil
}

// handOver hands some ids over to another sidecar.
func (s *fleetSidecar) handOver(t *rapid.T, to, n int, lost bool) {
	page := s.outbox[to][:min(n, len(s.outbox[to]))]
	if err := s.sidecars[to].b.RememberEventIDs(context.Background(), page); err != nil {
		t.Fatal(err)
	}
	if !lost {
		s.outbox[to] = s.outbox[to][len(page):]
	}
}

// tell says to another sidecar that all of a view is handed over.
func (s *fleetSidecar) tell(to int) {
	if other := s.sidecars[to]; len(s.outbox[to]) == 0 {
		other.told[s.number] = s.view
		other.awaitOthers()
	}
}

// kill ends the process and starts another on its disk, which lost all that was not
// synced. It knows no view from before, so it hands over all ids that belong
// elsewhere, and for the others it is a member that has just come.
func (s *fleetSidecar) kill(t *rapid.T) {
	after := s.disk.Crashed(0, rand.New(rand.NewPCG(1, 1)))
	if err := s.b.Close(); err != nil {
		t.Fatal(err)
	}
	s.disk = after
	s.open(t)
	s.sender[1]++
	s.answered, s.batch, s.outbox, s.told = nil, 0, [fleetSize][]spool.EventID{}, [fleetSize]int{-1, -1, -1}
	s.views = append(s.views, s.views[len(s.views)-1])
	s.view = len(s.views) - 1
	for learner := range fleetLearners {
		if home := s.home(learner); home == s.number {
			s.moved[learner] = true
		} else {
			delete(s.moved, learner)
			s.pack(learner, home)
		}
	}
}

func (f *fleet) draw(t *rapid.T, name string) *fleetSidecar {
	return f.sidecars[rapid.IntRange(0, fleetSize-1).Draw(t, name)]
}

func (f *fleet) Send(t *rapid.T) {
	learner := rapid.IntRange(0, fleetLearners-1).Draw(t, "learner")
	u := event(key(learner), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "event"))
	f.draw(t, "sidecar").take(t, learner, u, rapid.SampledFrom([]string{"", "", "cut", "answer lost"}).Draw(t, "hop"))
}

func (f *fleet) Change(t *rapid.T) {
	var next homes
	for i := range next {
		next[i] = rapid.IntRange(0, fleetSize-1).Draw(t, "home")
	}
	f.views = append(f.views, next)
}

func (f *fleet) See(t *rapid.T) {
	s := f.draw(t, "sidecar")
	s.see(rapid.IntRange(s.view, len(f.views)-1).Draw(t, "view"))
}

func (f *fleet) Deliver(t *rapid.T) {
	s := f.draw(t, "sidecar")
	strays, _ := s.b.Strays(0, 1000)
	for _, x := range strays {
		if !slices.Contains(s.answered, x.ID) && rapid.Bool().Draw(t, "this one") {
			s.deliver(t, x, rapid.Bool().Draw(t, "lost"))
		}
	}
}

func (f *fleet) Heed(t *rapid.T) { f.draw(t, "sidecar").heed(t) }

func (f *fleet) HandOver(t *rapid.T) {
	from, to := f.draw(t, "from"), f.draw(t, "to")
	if from != to {
		from.handOver(t, to.number, rapid.IntRange(0, 8).Draw(t, "ids"), rapid.Bool().Draw(t, "lost"))
		from.tell(to.number)
	}
}

func (f *fleet) Kill(t *rapid.T) { f.draw(t, "sidecar").kill(t) }

func (f *fleet) Checkpoint(t *rapid.T) {
	if err := f.draw(t, "sidecar").b.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// finish lets all see the last view, hand over and deliver, and returns how often
// each key was counted.
func (f *fleet) finish(t *rapid.T) map[progress.Key]int64 {
	for _, s := range f.sidecars {
		s.see(len(f.views) - 1)
	}
	for _, s := range f.sidecars {
		for to := range fleetSize {
			if to != s.number {
				s.handOver(t, to, len(s.outbox[to]), false)
				s.tell(to)
			}
		}
	}
	found := map[progress.Key]int64{}
	for range 4 { // from where it is to its home, there, and once more where two have crossed
		for _, s := range f.sidecars {
			s.heed(t)
			strays, _ := s.b.Strays(0, 1000)
			for _, x := range strays {
				s.deliver(t, x, false)
			}
		}
	}
	for _, s := range f.sidecars {
		if strays, _ := s.b.Strays(0, 1); len(strays) > 0 {
			t.Fatalf("sidecar %d keeps strays", s.number)
		}
		for _, h := range s.b.Unsaved(Filter{}) {
			found[h.Record.Key] += h.Record.SeekEvents
		}
	}
	return found
}

// An event that a client repeats while its learner's home changes must be counted
// once, whichever sidecar it reaches and whatever is lost on the way.
func TestAnEventIsCountedOnceHoweverOftenItsHomeChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &fleet{views: make([]homes, 1), accepted: map[modelEvent]bool{}}
		p := testPolicy()
		p.EventIDs = EventIDs{MaxCount: 10_000, MaxAge: time.Hour}
		clock := newTestClock()
		for i := range fleetSize {
			s := &fleetSidecar{
				fleet: f, number: i, disk: disktest.New(), moved: map[int]bool{}, sender: SenderID{byte(i)},
				opts: Options{Dir: spoolDir, Now: clock.Now, Policy: p, FreeBytes: plentyFree},
			}
			s.open(t)
			defer func() {
				if err := s.b.Close(); err != nil {
					t.Fatal(err)
				}
			}()
			f.sidecars = append(f.sidecars, s)
		}
		t.Repeat(map[string]func(*rapid.T){
			"Send": f.Send, "Send more": f.Send, "Send much": f.Send, "Change": f.Change, "See": f.See, "See more": f.See,
			"Deliver": f.Deliver, "Deliver more": f.Deliver, "HandOver": f.HandOver, "HandOver more": f.HandOver,
			"Heed": f.Heed, "Heed more": f.Heed, "Kill": f.Kill, "Checkpoint": f.Checkpoint,
		})
		found, want := f.finish(t), map[progress.Key]int64{}
		for e := range f.accepted {
			want[e.key]++
		}
		for learner := range fleetLearners {
			if k := key(learner); found[k] != want[k] {
				t.Errorf("learner %d: %d events were accepted, %d are counted", learner, want[k], found[k])
			}
		}
	})
}
