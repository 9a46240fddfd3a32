package classroom

import (
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/report"
	"github.com/progress-sync/progress-sync/test/truth"
)

// Stats count since the start of the process.
type Stats struct {
	// Learners who are watching now.
	Learners     int   `json:"learners"`
	Acknowledged int64 `json:"acknowledged"`
	Refused      int64 `json:"refused"`
	Uncertain    int64 `json:"uncertain"`
	LessonsEnded int64 `json:"lessonsEnded"`
	// Statuses counts the attempts that were not acknowledged, by HTTP status
	// or "no connection" or "no answer".
	Statuses map[string]int64 `json:"statuses,omitempty"`
	// P50, P99 and Max are the milliseconds from request to acknowledgement,
	// within 5 %.
	P50 float64 `json:"p50Ms"`
	P99 float64 `json:"p99Ms"`
	Max float64 `json:"maxMs"`
	// Pods counts the updates that each pod of the LMS acknowledged, where learners
	// write to the LMS.
	Pods     map[string]int64 `json:"pods,omitempty"`
	Reopened Reopened         `json:"reopened"`
	// Failure is the first reason why a learner stopped without being asked.
	Failure string `json:"failure,omitempty"`
}

// Reopened counts pages that were opened again right after an update of their lesson
// was acknowledged.
type Reopened struct {
	Pages int64 `json:"pages"`
	// Elsewhere were answered by another pod than the update.
	Elsewhere int64 `json:"elsewhere"`
	// Exact showed that very update. Stale ones said that they may lack it, and Behind
	// ones lacked it and did not say so. Failed got no answer.
	Exact  int64 `json:"exact"`
	Stale  int64 `json:"stale"`
	Behind int64 `json:"behind"`
	Failed int64 `json:"failed"`
}

// Since is what has come to it since an earlier count.
func (r Reopened) Since(earlier Reopened) Reopened {
	return Reopened{
		Pages: r.Pages - earlier.Pages, Elsewhere: r.Elsewhere - earlier.Elsewhere, Exact: r.Exact - earlier.Exact,
		Stale: r.Stale - earlier.Stale, Behind: r.Behind - earlier.Behind, Failed: r.Failed - earlier.Failed,
	}
}

type tally struct {
	mu        sync.Mutex
	stats     Stats
	latencies latencies
}

func (t *tally) count(answer report.Answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch answer.Outcome {
	case truth.Acknowledged:
		t.stats.Acknowledged++
		t.latencies.add(answer.Took)
		if answer.Pod != "" {
			if t.stats.Pods == nil {
				t.stats.Pods = map[string]int64{}
			}
			t.stats.Pods[answer.Pod]++
		}
		return
	case truth.Refused:
		t.stats.Refused++
	case truth.Uncertain:
		t.stats.Uncertain++
	}
	name := fmt.Sprint(answer.Status)
	if answer.Status == 0 {
		name = "no connection"
		if answer.Outcome == truth.Uncertain {
			name = "no answer"
		}
	}
	if t.stats.Statuses == nil {
		t.stats.Statuses = map[string]int64{}
	}
	t.stats.Statuses[name]++
}

// reopened compares what a page shows with the update that pod acknowledged before.
func (t *tally) reopened(last truth.Update, pod string, page report.Reading, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &t.stats.Reopened
	r.Pages++
	if err != nil {
		r.Failed++
		return
	}
	if page.Pod != pod {
		r.Elsewhere++
	}
	exact := page.Newest.Equal(last.OccurredAt) && (last.CurrentTime == nil || page.Position == *last.CurrentTime)
	switch {
	case page.Stale:
		r.Stale++
	case exact:
		r.Exact++
	default:
		r.Behind++
	}
}

func (t *tally) lessonEnded() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.LessonsEnded++
}

func (t *tally) failed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stats.Failure == "" {
		t.stats.Failure = err.Error()
	}
}

func (t *tally) snapshot() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Statuses, s.Pods = maps.Clone(s.Statuses), maps.Clone(s.Pods)
	s.P50, s.P99, s.Max = t.latencies.quantile(0.5), t.latencies.quantile(0.99), t.latencies.quantile(1)
	return s
}

// latencies counts durations in buckets that grow by step from 1 µs on.
type latencies struct {
	buckets [400]int64
	total   int64
}

const step = 1.05

func (l *latencies) add(d time.Duration) {
	micros := max(1, float64(d.Nanoseconds())/1e3)
	i := int(math.Log(micros) / math.Log(step))
	l.buckets[min(i, len(l.buckets)-1)]++
	l.total++
}

// quantile is the upper bound in milliseconds of the bucket that holds it.
func (l *latencies) quantile(q float64) float64 {
	rank, seen := int64(math.Ceil(q*float64(l.total))), int64(0)
	for i, n := range l.buckets {
		if seen += n; n > 0 && seen >= rank {
			return math.Pow(step, float64(i+1)) / 1e3
		}
	}
	return 0
}
