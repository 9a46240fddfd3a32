package sending

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/lrs"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/ingest/xapi"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// store is an LRS: it keeps statements by their ids, whole arrays or nothing of them.
type store struct {
	t      *testing.T
	server *httptest.Server

	mu   sync.Mutex
	kept map[string]string // learners by the ids of their statements
	// sizes of the requests that were answered 200, in statements; repeats are statements
	// that it had.
	sizes    []int
	repeats  int
	requests int
	// answer is another status than 200 for the learners of a request, or 0.
	answer func(learners []string) int
}

func newStore(t *testing.T) *store {
	t.Helper()
	s := &store{t: t, kept: map[string]string{}, answer: func([]string) int { return 0 }}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	user, password, _ := r.BasicAuth()
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/data/xAPI/statements":
		w.WriteHeader(http.StatusNotFound)
		return
	case user != "progress-sync" || password != "right":
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if v := r.Header.Get("X-Experience-API-Version"); v != "1.0.3" || r.Header.Get("Content-Type") != "application/json" || body[0] != '[' {
		s.t.Errorf("version %q, type %q, %.20q", v, r.Header.Get("Content-Type"), body)
	}
	events, mistake := xapi.Decode(body, &standards.Ask{MaxEvents: 100, Ranges: standards.RangesOf(progress.Fields())})
	if mistake != nil {
		s.t.Errorf("no statements: %s", mistake.Words())
		w.WriteHeader(mistake.Status)
		return
	}
	var learners []string
	for _, e := range events {
		learners = append(learners, e.Update.UserID)
	}
	if status := s.answer(learners); status != 0 {
		w.WriteHeader(status)
		return
	}
	for _, e := range events {
		if _, is := s.kept[e.ID]; is {
			s.repeats++
		}
		s.kept[e.ID] = e.Update.UserID
	}
	s.sizes = append(s.sizes, len(events))
}

func (s *store) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// learners whose statements are kept, sorted.
func (s *store) learners() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, learner := range s.kept {
		all = append(all, learner)
	}
	slices.Sort(all)
	return all
}

func newLRSWorld(t *testing.T, s *store) *world {
	t.Helper()
	w := newWorld(t, "http://127.0.0.1:1/")
	w.config.Events.Webhook = nil
	w.config.Events.XAPI = &config.XAPI{Endpoint: s.server.URL + "/data/xAPI", HomePage: "https://lms.example.com"}
	w.secret(lrs.UsernameFile, "progress-sync")
	w.secret(lrs.PasswordFile, "right")
	return w
}

// finish makes an event of a lesson for each learner.
func (w *world) finish(learners ...string) {
	w.t.Helper()
	for _, learner := range learners {
		pgtest.Execute(w.t, w.conn, `INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq)
			VALUES ($1::text::uuid, 'learner', $2, 'dev.progresssync.lesson.completed', '{"courseId": "go-101", "lessonId": "channels", "percentage": 100}',
				'progress_sync.lesson_progress', 1)`, uuid.NewString(), learner)
	}
}

func (w *world) keeps(s *store, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	kit.Eventually(w.t, "the store has all statements", func() error {
		got := s.learners()
		return kit.Unless(slices.Equal(got, want), fmt.Sprintf("%v, want %v", got, want))
	})
}

func TestAStoreGetsOneStatementForEachCompletionAndNoneForOtherEvents(t *testing.T) {
	s := newStore(t)
	w := newLRSWorld(t, s)
	w.config.Events.Webhook = &config.Webhook{URL: "http://127.0.0.1:1/", Batch: 1} // which is away, and another's
	pgtest.Execute(t, w.conn, insertEvent, uuid.NewString(), "ada", "dev.progresssync.lesson.reset")
	learners := w.learners(1, 5)
	w.finish(learners...)
	sender := w.senderTo(lrs.New(w.dir))
	w.start(sender)
	w.keeps(s, learners...)
	s.set(func() {
		if !slices.Equal(s.sizes, []int{5}) || s.repeats != 0 {
			t.Errorf("requests of %v statements, %d of them again", s.sizes, s.repeats)
		}
	})
	if n := w.count("SELECT count(*) FROM progress_sync.deliveries WHERE receiver = 'campus/lms/xapi'"); n != 4 {
		t.Errorf("%d lanes of the LRS, want 4", n)
	}
}

func TestAStoreThatIsAwayOrDeniesMissesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		code           int
		reason, secret string
	}{
		"maintenance":        {503, status.SendingRefused, "right"},
		"a wrong password":   {401, status.SendingDenied, "wrong"},
		"refuses everything": {400, status.SendingRefused, "right"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.answer = func([]string) int { return c.code }
			w := newLRSWorld(t, s)
			w.secret(lrs.PasswordFile, c.secret)
			learners := w.learners(0, 6)
			w.finish(learners...)
			sender := w.senderTo(lrs.New(w.dir))
			w.start(sender)
			w.fails(sender, c.reason, c.code)
			kit.Eventually(t, "many attempts", func() error { return kit.Unless(tells(sender).Attempts > 12, tells(sender).Attempts) })
			if n := w.count("SELECT count(*) FROM progress_sync.undelivered"); n != 0 {
				t.Errorf("%d events are set aside though none was taken", n)
			}
			s.set(func() { s.answer = func([]string) int { return 0 } })
			w.secret(lrs.PasswordFile, "right")
			w.keeps(s, learners...)
			kit.Eventually(t, "the status is mended", func() error { return kit.Unless(tells(sender).Failure == nil, tells(sender).Failure) })
		})
	}
}

func TestAStatementThatIsRefusedIsFoundInItsArray(t *testing.T) {
	s := newStore(t)
	w := newLRSWorld(t, s)
	learners := w.learners(3, 12)
	poison := learners[4]
	s.answer = func(of []string) int {
		if slices.Contains(of, poison) {
			return http.StatusBadRequest
		}
		return 0
	}
	w.finish(learners...)
	sender := w.senderTo(lrs.New(w.dir))
	w.start(sender)
	w.keeps(s, slices.Delete(slices.Clone(learners), 4, 5)...)
	kit.Eventually(t, "it is set aside", func() error { return kit.Unless(tells(sender).SetAside == 1, tells(sender).SetAside) })
	// A store that has some of an array says so, and the rest comes all the same.
	s.set(func() {
		s.answer = func(of []string) int {
			if slices.Contains(of, learners[0]) {
				return http.StatusConflict
			}
			return 0
		}
	})
	w.finish(learners[0], "somebody", learners[1])
	kit.Eventually(t, "nothing waits", func() error {
		told := tells(sender)
		return kit.Unless(told.OldestSeconds == 0 && told.Delivered >= 14 && told.SetAside == 1, told)
	})
}

func TestAStoreHasEachStatementOnceAfterASenderWasKilled(t *testing.T) {
	s := newStore(t)
	w := newLRSWorld(t, s)
	learners := w.learners(2, 7)
	w.finish(learners...)
	first := w.killed(lrs.New(w.dir))
	w.start(first)
	w.keeps(s, learners...)
	second := w.senderTo(lrs.New(w.dir))
	w.start(second)
	kit.Eventually(t, "another sends them again", func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return kit.Unless(s.repeats == len(learners), s.repeats)
	})
	w.keeps(s, learners...)
}

func TestWithoutCredentialsStatementsWait(t *testing.T) {
	s := newStore(t)
	w := newLRSWorld(t, s)
	if err := os.Remove(filepath.Join(w.dir, lrs.UsernameFile)); err != nil {
		t.Fatal(err)
	}
	w.finish("ada")
	sender := w.senderTo(lrs.New(w.dir))
	w.start(sender)
	w.fails(sender, status.SendingBadSecret, 0)
	if err := os.Remove(filepath.Join(w.dir, lrs.PasswordFile)); err != nil {
		t.Fatal(err)
	}
	w.fails(sender, status.SendingNoSecret, 0)
	s.set(func() {
		if s.requests != 0 {
			t.Errorf("%d requests without credentials", s.requests)
		}
	})
	w.secret(lrs.UsernameFile, "progress-sync")
	w.secret(lrs.PasswordFile, "right")
	w.keeps(s, "ada")
}
