package viewing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Moment is an update that comes at a time since the start of all sessions.
type Moment struct {
	At     time.Duration
	Update progress.Update
}

// Session is one learner's stay at one lesson.
type Session struct {
	Key     progress.Key
	Moments []Moment
	// Last is when the last update came that says more than that the learner leaves.
	Last time.Duration
}

// Options of Sessions.
type Options struct {
	// Name begins the user ids.
	Name string
	// Count of the sessions, which begin within Over.
	Count int
	Over  time.Duration
	// Every is the time between two heartbeats of the player.
	Every time.Duration
	// Longest that a session can be, not counting pauses; 45 minutes if zero.
	Longest time.Duration
	Habits
}

const usualLongest = 45 * time.Minute

// Shares of the sessions that end with the lesson's completion, of the others that end
// in a pause where there are pauses, and of leaving hints that never arrive.
const (
	shareCompleted = 0.3
	sharePaused    = 0.3
	shareHintsLost = 0.25
)

// Sessions are those of clients of one kind.
func Sessions(o Options) []Session {
	if o.Longest == 0 {
		o.Longest = usualLongest
	}
	random := rand.New(rand.NewPCG(12, uint64(o.Every)))
	all := make([]Session, o.Count)
	for i := range all {
		w := watching{Options: o, random: random}
		w.Key = progress.Key{UserID: fmt.Sprintf("%s-%d", o.Name, i), CourseID: "course", LessonID: "lesson"}
		w.now = time.Duration(random.Int64N(int64(o.Over)))
		w.watch()
		all[i] = w.Session
	}
	return all
}

// watching is a session that goes on.
type watching struct {
	Session
	Options
	random *rand.Rand
	now    time.Duration
}

func (w *watching) watch() {
	// Half stay for less than six minutes, one in twenty for more than twenty.
	left := time.Duration(6 * float64(time.Minute) * math.Exp(w.random.NormFloat64()*0.75))
	left = min(max(left, 20*time.Second), w.Longest)
	w.post(progress.Update{})
	beat, pause, seek := w.Every, w.until(w.PauseEvery), w.until(w.SeekEvery)
	for {
		step := min(left, beat, pause, seek)
		w.now += step
		left, beat, pause, seek = left-step, beat-step, pause-step, seek-step
		switch {
		case left == 0:
			w.end()
			return
		case pause == 0:
			w.pause()
			w.post(progress.Update{})
			beat, pause = w.Every, w.until(w.PauseEvery)
		case seek == 0:
			w.post(progress.Update{SeekEvents: 1})
			seek = w.until(w.SeekEvery)
		default:
			w.post(progress.Update{})
			beat = w.Every
		}
	}
}

// pause passes, and returns whether the client has said that the learner may leave.
func (w *watching) pause() (hinted bool) {
	length := w.pauseLength()
	w.post(progress.Update{PauseEvents: 1, Leaving: w.PauseHint == 0})
	hinted = w.PauseHint == 0
	if w.PauseHint > 0 && length > w.PauseHint {
		w.hint(w.now + w.PauseHint)
		hinted = true
	}
	w.now += length
	return hinted
}

func (w *watching) end() {
	completes, pauses, hints := w.random.Float64() < shareCompleted, w.random.Float64() < sharePaused, w.random.Float64() >= shareHintsLost
	switch {
	case completes:
		w.post(progress.Update{Completed: true})
	case pauses && w.PauseEvery > 0:
		if said := w.pause(); hints && !said {
			w.hint(w.now)
		}
	case hints:
		w.post(progress.Update{Leaving: true})
	}
}

func (w *watching) until(every time.Duration) time.Duration {
	if every == 0 {
		return math.MaxInt64
	}
	return 1 + time.Duration(w.random.ExpFloat64()*float64(every))
}

// pauseLength is 2 to 15 seconds for six of ten pauses, up to a minute for a quarter, and
// up to four minutes for the others.
func (w *watching) pauseLength() time.Duration {
	from, to := 2.0, 15.0
	switch kind := w.random.Float64(); {
	case kind > 0.85:
		from, to = 60, 240
	case kind > 0.6:
		from, to = 15, 60
	}
	return time.Duration((from + (to-from)*w.random.Float64()) * float64(time.Second))
}

// post sends where the learner is now. Positions are the times at which they were sent,
// so that each is further than those before.
func (w *watching) post(u progress.Update) {
	u.Key = w.Key
	u.CurrentTime = progress.Some(w.now.Seconds())
	w.Moments = append(w.Moments, Moment{w.now, u})
	w.Last = w.now
}

// hint says at a moment that the learner may leave, and nothing new.
func (w *watching) hint(at time.Duration) {
	w.Moments = append(w.Moments, Moment{at, progress.Update{Key: w.Key, Leaving: true}})
}
