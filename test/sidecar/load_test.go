package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
	"github.com/progress-sync/progress-sync/test/truth"
)

// load is a number of learners that report progress, and the account of it.
type load struct {
	// processes are those that a request may go to.
	processes func() []*process
	// repeats says that an update has an event id and is sent again, to any process,
	// until it is acknowledged.
	repeats bool
	// late says that updates are also sent again after they were acknowledged, as by a
	// client that missed the answer.
	late    bool
	account *truth.Account
	stop    context.CancelFunc
	workers sync.WaitGroup
	errors  chan error
	full    atomic.Bool // the sidecar may say that its disk is full
}

const (
	workers          = 6
	lessonsPerWorker = 25
)

// startLoad reports progress until finish is called, through whatever happens
// to the sidecar meanwhile.
func startLoad(t *testing.T, p *process, seed uint64) *load {
	t.Helper()
	return (&load{processes: func() []*process { return []*process{p} }}).start(t, seed)
}

func (l *load) start(t *testing.T, seed uint64) *load {
	t.Helper()
	t.Logf("seed %d", seed)
	ctx, stop := context.WithCancel(context.Background())
	l.account, l.stop, l.errors = truth.NewAccount(), stop, make(chan error, workers)
	for i := range workers {
		w := &worker{load: l, index: i, random: rand.New(rand.NewPCG(seed, uint64(i)))}
		l.workers.Go(func() {
			if err := w.run(ctx); err != nil {
				l.errors <- err
			}
		})
	}
	t.Cleanup(func() { l.finish(t) })
	return l
}

// finish ends the load; the account is complete then.
func (l *load) finish(t *testing.T) {
	t.Helper()
	l.stop()
	l.workers.Wait()
	select {
	case err := <-l.errors:
		t.Error(err)
	default:
	}
}

// awaitAcknowledged waits until so many more updates have been acknowledged.
func (l *load) awaitAcknowledged(t *testing.T, more int64) {
	t.Helper()
	target := l.account.Counts().Acknowledged + more
	kit.Eventually(t, fmt.Sprintf("%d acknowledged updates", target), func() error {
		counts := l.account.Counts()
		return kit.Unless(counts.Acknowledged >= target, counts)
	})
}

// verify compares every key with its row.
func (l *load) verify(t *testing.T, uri string) {
	t.Helper()
	conn := pgtest.Connect(t, uri)
	rows, err := truth.ReadRows(t.Context(), conn, truth.OwnTable)
	if err != nil {
		t.Fatal(err)
	}
	report := l.account.Verify(rows, truth.Options{CompletionThresholdPercent: 95})
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	t.Logf("%d updates acknowledged, %d uncertain, %d keys compared", report.Acknowledged, report.Uncertain, report.Keys)
}

// worker is the only one that reports on its keys, so that it knows their order.
type worker struct {
	load   *load
	index  int
	random *rand.Rand
	sent   int
	last   time.Time
	// acknowledged are the calls that may be sent again.
	acknowledged [][]truth.Entry
}

func (w *worker) run(ctx context.Context) error {
	for ctx.Err() == nil {
		updates := make([]truth.Entry, 1)
		if w.random.IntN(4) == 0 {
			updates = make([]truth.Entry, 2+w.random.IntN(6))
		}
		for i := range updates {
			updates[i] = w.next()
		}
		if err := w.load.account.Record(updates...); err != nil {
			return err
		}
		outcome, err := w.sendAsOften(updates)
		if err != nil {
			return err
		}
		for _, u := range updates {
			if err := w.load.account.Record(truth.Entry{ID: u.ID, Outcome: outcome}); err != nil {
				return err
			}
		}
		if err := w.sendAgain(updates, outcome); err != nil {
			return err
		}
		if outcome != truth.Acknowledged {
			<-time.After(5 * time.Millisecond) // as a client that backs off
		}
	}
	return nil
}

// sendAgain notes a call that was acknowledged, and sends again one of those that were.
func (w *worker) sendAgain(updates []truth.Entry, outcome truth.Outcome) error {
	if !w.load.late {
		return nil
	}
	if outcome == truth.Acknowledged {
		w.acknowledged = append(w.acknowledged, updates)
	}
	if len(w.acknowledged) == 0 {
		return nil
	}
	// Whatever the answer, it must count once.
	_, err := w.send(w.acknowledged[w.random.IntN(len(w.acknowledged))])
	return err
}

// next is an update whose sums nobody else's have, so that each that is lost or
// doubled shows.
func (w *worker) next() truth.Entry {
	w.sent++
	now := time.Now().Truncate(time.Microsecond)
	if !now.After(w.last) {
		now = w.last.Add(time.Microsecond)
	}
	w.last = now
	number := func(most float64) *float64 {
		n := w.random.Float64() * most
		return &n
	}
	delta := float64(w.random.IntN(1e6)) / 1e5
	duration := 600.0
	u := truth.Update{
		Key: truth.Key{
			UserID: fmt.Sprintf("learner %d", w.index), CourseID: "course",
			LessonID: fmt.Sprintf("lesson %d", w.random.IntN(lessonsPerWorker)),
		},
		CurrentTime: number(560), Duration: &duration, WatchedDelta: &delta, WatchedDuration: number(1000),
		SeekEvents: w.random.Int64N(1000), PauseEvents: w.random.Int64N(1000),
		Completed: w.random.IntN(500) == 0, OccurredAt: now,
	}
	if w.random.IntN(3) == 0 {
		u.PlaybackSpeed, u.ModuleID = number(2), fmt.Sprintf("module %d", w.random.IntN(5))
	}
	return truth.Entry{ID: fmt.Sprintf("%d-%d", w.index, w.sent), Update: &u}
}

// sendAsOften sends once, or until the updates are acknowledged.
func (w *worker) sendAsOften(entries []truth.Entry) (truth.Outcome, error) {
	began := time.Now()
	for {
		outcome, err := w.send(entries)
		switch {
		case err != nil || !w.load.repeats || outcome == truth.Acknowledged:
			return outcome, err
		case time.Since(began) > kit.Patience:
			return "", fmt.Errorf("no sidecar acknowledges %s in %s: %s", entries[0].ID, kit.Patience, outcome)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// body is an update as a client sends it that may send it again.
type body struct {
	*truth.Update
	EventID string `json:"eventId,omitempty"`
}

func (w *worker) send(entries []truth.Entry) (truth.Outcome, error) {
	updates := make([]body, len(entries))
	for i := range entries {
		updates[i].Update = entries[i].Update
		if w.load.repeats {
			updates[i].EventID = entries[i].ID
		}
	}
	var content any = updates
	if len(updates) == 1 {
		content = updates[0]
	}
	text, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	processes := w.load.processes()
	to := processes[w.random.IntN(len(processes))]
	response, err := to.Client.Post(to.URL("/v1/progress"), "application/json", bytes.NewReader(text))
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return truth.Refused, nil
	case err != nil:
		return truth.Uncertain, nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	switch {
	case response.StatusCode == http.StatusOK && err == nil:
		return truth.Acknowledged, nil
	case response.StatusCode == http.StatusOK:
		return truth.Uncertain, nil
	case response.StatusCode == http.StatusServiceUnavailable:
		return truth.Refused, nil // the sidecar is shutting down
	case response.StatusCode == http.StatusMultiStatus && w.load.repeats:
		return truth.Uncertain, nil // of some of the learners, the home did not answer
	case response.StatusCode == http.StatusInsufficientStorage && w.load.full.Load():
		return truth.Refused, nil
	}
	return "", fmt.Errorf("the sidecar answered %d: %s", response.StatusCode, answer)
}
