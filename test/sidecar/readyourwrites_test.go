package sidecar

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

var (
	tries   = flag.Int("tries", 1000, "writes that are read through another sidecar")
	changes = flag.Int("changes", 3, "how often a sidecar comes or goes meanwhile, in the test in which some do")
	period  = flag.Duration("period", 2*time.Second, "time from when all know of a change until the next one")
)

const (
	// crowd is how many sidecars there are, as of an LMS with so many pods.
	crowd = 16
	// readers write and read at the same time.
	readers = 8
	// learnersOfReader are enough for each reader to have some at every home.
	learnersOfReader = 50
)

// reading is what a learner sees who has just done something through one sidecar, and
// asks another.
type reading struct {
	// began is when the write did, at when the answer was there.
	began, at time.Time
	// same says that it is what the learner did last.
	same bool
	// stale says that the answer admits that it may not be.
	stale bool
	// answer is for messages.
	answer string
}

func (r *reading) isWrong() bool { return !r.same && !r.stale }

// reader is the only one that writes for its learners, so that it knows what is right.
type reader struct {
	index   int
	service *service
	random  *rand.Rand
	tries   int
}

func (s *service) reader(index int) *reader {
	return &reader{index: index, service: s, random: rand.New(rand.NewPCG(11, uint64(index)))}
}

// any is one of the sidecars.
func (r *reader) any() *process {
	all := r.service.processes()
	return all[r.random.IntN(len(all))]
}

// try writes and reads once. What no sidecar accepts is sent again, as clients do; a
// sidecar that goes just then is not asked. So an error is one of the test's.
func (r *reader) try(ctx context.Context) (*reading, error) {
	began := time.Now()
	r.tries++
	learner := fmt.Sprintf("learner-%d-%d", r.index, r.tries%learnersOfReader)
	body := fmt.Sprintf(`{"userId":%q,"courseId":"c","lessonId":"l","currentTime":%d,"duration":1000000,"eventId":"e%d"}`, learner, r.tries, r.tries)
	for {
		code, answer, err := r.any().Do(ctx, http.MethodPost, "/v1/progress", body)
		if err == nil && code == http.StatusOK {
			break
		}
		if time.Since(began) > kit.Patience {
			return nil, fmt.Errorf("no sidecar accepts: %d %s: %w", code, answer, err)
		}
	}
	for {
		from := r.any()
		code, answer, err := from.Do(ctx, http.MethodGet, "/v1/progress?userId="+url.QueryEscape(learner), "")
		switch {
		case err != nil && !slices.Contains(r.service.processes(), from):
			continue
		case err != nil:
			return nil, fmt.Errorf("a sidecar that runs gives no answer: %w", err)
		case code != http.StatusOK:
			return nil, fmt.Errorf("a read is answered with %d %s", code, answer)
		}
		return r.judge(began, answer)
	}
}

func (r *reader) judge(began time.Time, answer string) (*reading, error) {
	var known struct {
		Progress []struct{ PositionSeconds float64 }
		Stale    bool
	}
	if err := json.Unmarshal([]byte(answer), &known); err != nil {
		return nil, fmt.Errorf("a read is answered with %s: %w", answer, err)
	}
	same := len(known.Progress) == 1 && known.Progress[0].PositionSeconds == float64(r.tries)
	return &reading{began: began, at: time.Now(), same: same, stale: known.Stale, answer: fmt.Sprintf("after second %d: %s", r.tries, answer)}, nil
}

// readAll has all readers try until more says no, and returns what they saw.
func (s *service) readAll(t *testing.T, more func() bool) (all []*reading) {
	t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range readers {
		reader := s.reader(i)
		group.Go(func() {
			for more() {
				reading, err := reader.try(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				all = append(all, reading)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return all
}

// awaitSettled waits until no sidecar says that it may be behind, as each does for a
// moment after its start.
func awaitSettled(t *testing.T, s *service) {
	t.Helper()
	for i, p := range s.processes() {
		kit.Eventually(t, "answers that are not stale", func() error {
			for learner := range learnersOfReader {
				if _, answer := p.do(t, http.MethodGet, fmt.Sprintf("/v1/progress?userId=nobody-%d-%d", i, learner), ""); !strings.Contains(answer, `"stale":false`) {
					return errors.New(answer)
				}
			}
			return nil
		})
	}
}

// noneWrong fails for readings that are not what the learner did last and do not say so,
// unless the sidecars did not agree at that time who there is: one that does not know of
// a sidecar that has come can't know what that is told.
func noneWrong(t *testing.T, all []*reading, unless ...change) {
	t.Helper()
	wrong, first := 0, ""
	for _, r := range all {
		disagreed := slices.ContainsFunc(unless, func(c change) bool { return r.at.After(c.at) && r.began.Before(c.agreed) })
		if r.isWrong() && !disagreed {
			wrong++
			first = cmp.Or(first, r.answer)
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d answers are behind and don't say so, the first %s", wrong, len(all), first)
	}
}

// A page that is opened again reaches any pod of the LMS.
func TestWhatIsWrittenThroughOneSidecarIsReadAtOnceThroughAnother(t *testing.T) {
	t.Parallel()
	s := serviceOf(newFleet(t, pgtest.Database(t), slow, crowd))
	awaitSettled(t, s)
	left := make(chan struct{}, *tries)
	for range *tries {
		left <- struct{}{}
	}
	close(left)
	began := time.Now()
	all := s.readAll(t, func() bool { _, more := <-left; return more })
	noneWrong(t, all)
	stale := 0
	for _, r := range all {
		if r.stale {
			stale++
		}
	}
	if stale > 0 || len(all) != *tries {
		t.Errorf("of %d answers %d say that they may be behind; want none of %d", len(all), stale, *tries)
	}
	t.Logf("%d writes through one of %d sidecars were read through another in %s: equal", len(all), crowd, time.Since(began).Round(time.Millisecond))
}

// change is a sidecar that came or went, and when the others knew of it.
type change struct {
	at, agreed time.Time
	what       string
}

// Deployments roll and nodes die while learners watch.
func TestWhileSidecarsComeAndGoNoAnswerIsBehindWithoutSayingSo(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, crowd)
	s := serviceOf(fleet)
	awaitSettled(t, s)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all []*reading
	var reading sync.WaitGroup
	reading.Go(func() { all = s.readAll(t, func() bool { return ctx.Err() == nil }) })
	var done []change
	for n := range *changes {
		<-time.After(*period)
		next := change{at: time.Now()}
		fleet, next.what = changed(t, uri, s, fleet, n)
		acquainted(t, fleet, len(fleet))
		next.agreed = time.Now()
		done = append(done, next)
	}
	<-time.After(*period)
	stop()
	reading.Wait()
	tell(t, all, done)
	noneWrong(t, all, done...)
}

// changed lets one of the sidecars come or go, by turns, while others serve.
func changed(t *testing.T, uri string, s *service, fleet []*process, turn int) (next []*process, what string) {
	t.Helper()
	switch turn % 3 {
	case 0:
		coming, _ := newMember(t, uri, slow)
		coming.start(t)
		fleet = append(slices.Clone(fleet), coming)
		s.set(fleet)
		return fleet, "comes"
	case 1:
		going := fleet[0]
		fleet = slices.Clone(fleet[1:])
		s.set(fleet)
		going.terminate(t)
		return fleet, "stops"
	default:
		killed := fleet[0]
		s.set(fleet[1:])
		killed.Kill()
		<-time.After(time.Second) // as kubelet takes
		killed.start(t)
		s.set(fleet)
		return fleet, "is killed, and is back after a second"
	}
}

// tell logs how often and for how long answers were behind.
func tell(t *testing.T, all []*reading, done []change) {
	t.Helper()
	stale, behind, wrong := 0, 0, 0
	type span struct{ stale, wrong time.Duration }
	spans := make([]span, len(done))
	for _, r := range all {
		if r.stale {
			stale++
		}
		if r.stale && !r.same {
			behind++
		}
		if r.isWrong() {
			wrong++
		}
		for i := len(done) - 1; i >= 0; i-- {
			since := r.at.Sub(done[i].at)
			if since < 0 {
				continue
			}
			if r.stale {
				spans[i].stale = max(spans[i].stale, since)
			}
			if r.isWrong() {
				spans[i].wrong = max(spans[i].wrong, since)
			}
			break
		}
	}
	share := func(n int) string { return fmt.Sprintf("%d (%.3f %%)", n, 100*float64(n)/float64(max(1, len(all)))) }
	var lines []string
	for i, c := range done {
		lines = append(lines, fmt.Sprintf("a sidecar %s: all know after %s, the last stale answer after %s, the last wrong one after %s",
			c.what, c.agreed.Sub(c.at).Round(time.Millisecond), spans[i].stale.Round(time.Millisecond), spans[i].wrong.Round(time.Millisecond)))
	}
	t.Logf("%d answers, stale %s, of which behind %s; wrong and not stale %s\n%s",
		len(all), share(stale), share(behind), share(wrong), strings.Join(lines, "\n"))
}
