package classroom

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/player"
	"github.com/progress-sync/progress-sync/test/lms/report"
	"github.com/progress-sync/progress-sync/test/truth"
)

// Recorder keeps the account. Record returns nil when the entries are safe.
type Recorder interface {
	Record(ctx context.Context, entries ...truth.Entry) error
}

// Sender makes one attempt to hand an update to the sidecar or the LMS, and reads what
// is known of a lesson.
type Sender interface {
	Send(ctx context.Context, eventID string, update truth.Update) report.Answer
	Read(ctx context.Context, key truth.Key) (report.Reading, error)
}

// Options of a Classroom.
type Options struct {
	// Name of this process, unlike that of any other, also of one that ran
	// here before: it goes into the names of attempts.
	Name     string
	Recorder Recorder
	Sender   Sender
	// Timeout of one request to the sidecar.
	Timeout time.Duration
}

// Pace says what the learners watch and how fast time passes for them.
type Pace struct {
	Syllabus player.Syllabus `json:"syllabus"`
	// Factor is how many seconds of video pass in a second.
	Factor float64 `json:"factor"`
	// Arrival in seconds of the video is the time over which the learners of
	// one Start begin; within a heartbeat if it is zero.
	Arrival float64 `json:"arrival,omitempty"`
	// Reopen is the share of updates, 0 to 1, after which the learner opens the page
	// again at once, to go on at the second that was just reported.
	Reopen float64 `json:"reopen,omitempty"`
	// EventIDs names each update, so that one that is sent again stays the same.
	EventIDs bool `json:"eventIds,omitempty"`
}

// Heartbeat is the real time between two updates of a learner.
func (p Pace) Heartbeat() time.Duration { return p.real(p.Syllabus.Heartbeat) }

func (p Pace) real(videoSeconds float64) time.Duration {
	return time.Duration(videoSeconds / p.Factor * float64(time.Second))
}

// Validate tells which field is out of range.
func (p Pace) Validate() error {
	if !(p.Factor > 0 && p.Factor <= 10_000) {
		return fmt.Errorf("factor is %v, it must be above 0 and at most 10000", p.Factor)
	}
	if !(p.Arrival >= 0) {
		return fmt.Errorf("arrival is %v seconds, it must be 0 or more", p.Arrival)
	}
	if !(p.Reopen >= 0 && p.Reopen <= 1) {
		return fmt.Errorf("reopen is %v, it must be 0 to 1", p.Reopen)
	}
	return p.Syllabus.Validate()
}

// Classroom holds the learners of one pod. It is safe for concurrent use.
type Classroom struct {
	options Options
	tally   tally

	mu       sync.Mutex
	learners map[string]*learner
}

// New returns an empty classroom.
func New(options Options) *Classroom {
	return &Classroom{options: options, learners: map[string]*learner{}}
}

// Start lets learners watch from where they are, until Stop. When ctx ends,
// their requests are cut off. A learner who is here already is an error, and
// then none is started.
func (c *Classroom) Start(ctx context.Context, pace Pace, states ...player.State) error {
	if err := pace.Validate(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	names := map[string]bool{}
	for _, state := range states {
		if state.Learner == "" {
			return fmt.Errorf("a learner has no name")
		}
		if c.learners[state.Learner] != nil || names[state.Learner] {
			return fmt.Errorf("learner %s is watching already", state.Learner)
		}
		names[state.Learner] = true
	}
	arrival := pace.Heartbeat()
	if pace.Arrival > 0 {
		arrival = pace.real(pace.Arrival)
	}
	for i, state := range states {
		l := &learner{
			class: c, pace: pace, state: state,
			first: arrival * time.Duration(i) / time.Duration(len(states)),
			stop:  make(chan struct{}), stopped: make(chan struct{}),
		}
		c.learners[state.Learner] = l
		go l.watch(ctx)
	}
	return nil
}

// Stop ends the given learners, or all if none is given, and returns where each
// of them is. Their last answers are in the account by then. Learners that are
// not here are left out.
func (c *Classroom) Stop(names ...string) []player.State {
	c.mu.Lock()
	if len(names) == 0 {
		for name := range c.learners {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var stopping []*learner
	for _, name := range slices.Compact(names) {
		if l := c.learners[name]; l != nil {
			close(l.stop)
			delete(c.learners, name)
			stopping = append(stopping, l)
		}
	}
	c.mu.Unlock()
	states := make([]player.State, 0, len(stopping))
	for _, l := range stopping {
		<-l.stopped
		states = append(states, l.state)
	}
	return states
}

// Stats tells what the learners of this classroom have met with so far.
func (c *Classroom) Stats() Stats {
	c.mu.Lock()
	learners := len(c.learners)
	c.mu.Unlock()
	stats := c.tally.snapshot()
	stats.Learners = learners
	return stats
}
