package buffer

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// habits are how learners watch. Published figures give the frame: engagement with a
// video has its median at 6 minutes or less, whatever the video's length (Guo, "Optimal
// Video Length for Student Engagement", blog.edx.org, millions of edX sessions); more
// than half of the viewers of longer videos leave before their end, most of them early
// (Kim and others, "Understanding In-Video Dropouts and Interaction Peaks in Online
// Lecture Videos", Learning at Scale 2014, 862 edX videos); pauses are the commonest
// interaction and are longer and more frequent in difficult videos (Li and others, "How
// Do In-Video Interactions Reflect Perceived Video Difficulty?", EMOOCs 2015). None of
// these has a distribution of the lengths of pauses: those are assumed.
type habits struct {
	// pauseEvery and seekEvery are how far apart pauses and seeks are on average, 0 for
	// none.
	pauseEvery, seekEvery time.Duration
	// pauseHints says that the client takes a pause for leaving.
	pauseHints bool
}

var (
	watchThrough = habits{seekEvery: 5 * time.Minute}
	pauseOften   = habits{seekEvery: 5 * time.Minute, pauseEvery: 4 * time.Minute, pauseHints: true}
	pauseSilent  = habits{seekEvery: 5 * time.Minute, pauseEvery: 4 * time.Minute}
)

// Shares of the sessions that end with the lesson's completion, and of the others'
// leaving hints that never arrive.
const (
	shareCompleted = 0.3
	shareHintsLost = 0.25
)

// session is one learner's stay at one lesson.
type session struct {
	key     progress.Key
	moments []moment
}

func (s *session) last() time.Duration { return s.moments[len(s.moments)-1].at }

// sessionsOf are n sessions of clients with the given heartbeat, which begin within an
// hour. They are the same for the same arguments.
func sessionsOf(n int, every time.Duration, h habits) []session {
	random := rand.New(rand.NewPCG(12, uint64(every)))
	all := make([]session, n)
	for i := range all {
		w := watching{session: session{key: key(i)}, random: random, every: every, habits: h}
		w.now = time.Duration(random.Int64N(int64(time.Hour)))
		w.watch()
		all[i] = w.session
	}
	return all
}

// watching is a session that goes on.
type watching struct {
	session
	habits
	random *rand.Rand
	every  time.Duration
	now    time.Duration
}

func (w *watching) watch() {
	// Half stay for less than six minutes, one in twenty for more than twenty.
	left := time.Duration(6 * float64(time.Minute) * math.Exp(w.random.NormFloat64()*0.75))
	left = min(max(left, 20*time.Second), 45*time.Minute)
	w.post(progress.Update{})
	beat, pause, seek := w.every, w.until(w.pauseEvery), w.until(w.seekEvery)
	for {
		step := min(left, beat, pause, seek)
		w.now += step
		left, beat, pause, seek = left-step, beat-step, pause-step, seek-step
		switch {
		case left == 0:
			w.end()
			return
		case pause == 0:
			w.post(progress.Update{Leaving: w.pauseHints, PauseEvents: 1})
			w.now += w.pauseLength()
			w.post(progress.Update{})
			beat, pause = w.every, w.until(w.pauseEvery)
		case seek == 0:
			w.post(progress.Update{SeekEvents: 1})
			seek = w.until(w.seekEvery)
		default:
			w.post(progress.Update{})
			beat = w.every
		}
	}
}

func (w *watching) end() {
	switch {
	case w.random.Float64() < shareCompleted:
		w.post(progress.Update{Completed: true})
	case w.random.Float64() >= shareHintsLost:
		w.post(progress.Update{Leaving: true})
	}
}

func (w *watching) until(every time.Duration) time.Duration {
	if every == 0 {
		return never
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

func (w *watching) post(u progress.Update) {
	u.Key = w.key
	u.CurrentTime = progress.Some(w.now.Seconds())
	w.moments = append(w.moments, moment{w.now, u})
}
