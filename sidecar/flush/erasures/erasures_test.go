package erasures

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const window = 10 * time.Minute

// spool knows erasures by learners; it is the database as well, which may refuse
// some of them.
type spool struct {
	pending, done []buffer.Erasure
	forgotten     []string
	// refuse is the SQLSTATE for each learner whom the database does not erase.
	refuse map[string]string
	// undone are the learners whose rows a failover has brought back.
	undone map[string]bool
	rows   map[string]int64
	asked  []string
	disk   error
}

func (s *spool) PendingErasures() []buffer.Erasure { return slices.Clone(s.pending) }
func (s *spool) DoneErasures() []buffer.Erasure    { return slices.Clone(s.done) }

func is(e buffer.Erasure) func(buffer.Erasure) bool {
	return func(other buffer.Erasure) bool { return other.UserID == e.UserID }
}

func (s *spool) ErasureDone(e buffer.Erasure) error {
	s.pending = slices.DeleteFunc(s.pending, is(e))
	s.done = append(slices.DeleteFunc(s.done, is(e)), buffer.Erasure{UserID: e.UserID, At: e.At, Done: progress.InstantOf(time.Now())})
	return s.disk
}

func (s *spool) ForgetErasure(e buffer.Erasure) error {
	s.pending, s.done = slices.DeleteFunc(s.pending, is(e)), slices.DeleteFunc(s.done, is(e))
	s.forgotten = append(s.forgotten, e.UserID)
	return s.disk
}

func (s *spool) Erase(_ context.Context, userID string, _ time.Time) (postgres.Erased, error) {
	s.asked = append(s.asked, userID)
	if state := s.refuse[userID]; state != "" {
		return postgres.Erased{}, &pgconn.PgError{Code: state}
	}
	done := slices.ContainsFunc(s.done, is(buffer.Erasure{UserID: userID}))
	repeated := done && !s.undone[userID]
	delete(s.undone, userID)
	if repeated {
		return postgres.Erased{Repeated: true}, nil
	}
	return postgres.Erased{Rows: s.rows[userID]}, nil
}

func (s *spool) take() []string {
	asked := s.asked
	s.asked = nil
	return asked
}

// bubble runs a test in fake time with two learners erased from the database and two
// from the spool only.
func bubble(t *testing.T, test func(t *testing.T, e *Erasures, s *spool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		now := progress.InstantOf(time.Now())
		s := &spool{
			pending: []buffer.Erasure{{UserID: "ada", At: now}, {UserID: "bob", At: now}},
			done:    []buffer.Erasure{{UserID: "cyd", At: now, Done: now}, {UserID: "dan", At: now, Done: now}},
			refuse:  map[string]string{}, undone: map[string]bool{},
		}
		test(t, New(Options{
			Spool: s, Database: s, Window: func() time.Duration { return window }, Refused: func(int, *postgres.Failure) {},
		}), s)
	})
}

func wantAsked(t *testing.T, s *spool, when string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.take()); diff != "" {
		t.Errorf("asked for %s (-want +got):\n%s", when, diff)
	}
}

func TestErasuresAreRepeatedOnlyWhereTheyMayHaveBeenUndone(t *testing.T) {
	bubble(t, func(t *testing.T, e *Erasures, s *spool) {
		tend := func() {
			t.Helper()
			if err := e.Tend(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		tend()
		wantAsked(t, s, "at first", "ada", "bob")
		tend()
		wantAsked(t, s, "when nothing has happened")
		if err := e.Repeat(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantAsked(t, s, "after an outage", "cyd", "dan", "ada", "bob")
		tend()
		wantAsked(t, s, "when all were repeated")
		time.Sleep(window)
		s.undone["dan"] = true
		tend()
		wantAsked(t, s, "at the end of the window", "cyd", "dan", "ada", "bob")
		if diff := cmp.Diff([]string{"cyd", "ada", "bob"}, s.forgotten); diff != "" {
			t.Errorf("forgotten (-want +got):\n%s", diff)
		}
	})
}

// TestWhoOrderedAnErasureIsToldItsRows has a pass over what is pending between the
// spool's erasure and the order's own call: the proof would say that nothing was there.
func TestWhoOrderedAnErasureIsToldItsRows(t *testing.T) {
	for name, pass := range map[string]func(*testing.T, *Erasures) error{
		"nobody comes between": func(*testing.T, *Erasures) error { return nil },
		"a pass of the upkeep": func(t *testing.T, e *Erasures) error { return e.Tend(t.Context(), time.Now()) },
		"a drain":              func(t *testing.T, e *Erasures) error { return e.Drain(t.Context(), postgres.Failure{}) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, e *Erasures, s *spool) {
				s.rows = map[string]int64{"ada": 3, "bob": 5}
				ada := s.pending[0]
				over, another := e.Ordered("ada"), e.Ordered("ada")
				if err := pass(t, e); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if rows, err := e.Erase(t.Context(), ada); rows != 3 || err != nil {
						t.Errorf("%d rows, %v", rows, err)
					}
					over()
					over = another
				}
				if rows, err := e.Erase(t.Context(), ada); rows != 0 || err != nil {
					t.Errorf("after the order: %d rows, %v", rows, err)
				}
				if o := e.orders; len(o.waiting)+len(o.rows) > 0 {
					t.Errorf("left are %+v", o)
				}
			})
		})
	}
}

func TestARepetitionThatEndedEarlyIsFinishedLater(t *testing.T) {
	for name, tt := range map[string]struct {
		state string
		fails bool // nothing can be written either
	}{
		"the server goes away":              {"57P01", true},
		"an erasure waits for a lock":       {"55P03", false},
		"an erasure takes too long":         {"57014", false},
		"the server takes no writes at all": {"25006", false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, e *Erasures, s *spool) {
				s.pending = nil
				s.refuse["cyd"] = tt.state
				if err := e.Repeat(t.Context()); (err != nil) != tt.fails {
					t.Errorf("got %v", err)
				}
				wantAsked(t, s, "while it fails", "cyd")
				delete(s.refuse, "cyd")
				if err := e.Tend(t.Context(), time.Now()); err != nil {
					t.Error(err)
				}
				wantAsked(t, s, "later", "cyd", "dan")
			})
		})
	}
}

func TestAnErrorOfTheDiskIsToldApartFromTheDatabases(t *testing.T) {
	for name, call := range map[string]func(context.Context, *Erasures) error{
		"erasing": func(ctx context.Context, e *Erasures) error {
			_, err := e.Erase(ctx, buffer.Erasure{UserID: "ada"})
			return err
		},
		"tending":   func(ctx context.Context, e *Erasures) error { return e.Tend(ctx, time.Now()) },
		"repeating": func(ctx context.Context, e *Erasures) error { return e.Repeat(ctx) },
		"draining":  func(ctx context.Context, e *Erasures) error { return e.Drain(ctx, postgres.Failure{}) },
		"finishing": func(ctx context.Context, e *Erasures) error { return e.Finish(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, e *Erasures, s *spool) {
				s.disk, s.undone["cyd"] = errors.New("no space"), true
				err := call(t.Context(), e)
				if _, disk := errors.AsType[*DiskError](err); !disk || !errors.Is(err, s.disk) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestARefusedErasureIsDueAfterAPauseThatDoubles(t *testing.T) {
	r := refusals{}
	e := buffer.Erasure{UserID: "ada"}
	now := time.Unix(0, 0)
	for _, pause := range []time.Duration{
		15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, longestPause, longestPause,
	} {
		r.add(e, postgres.Failure{}, now)
		if r.due(e, now.Add(pause-1)) || !r.due(e, now.Add(pause)) {
			t.Errorf("after refusal %d it is due at %v, want after %v", r["ada"].times, r["ada"].until, pause)
		}
		now = now.Add(pause)
	}
	if r.again(); !r.due(e, now) {
		t.Error("it is not due after a change")
	}
	if r.keep(nil, nil); len(r) > 0 {
		t.Error("it is known although the spool has forgotten it")
	}
}
