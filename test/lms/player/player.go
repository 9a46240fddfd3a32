package player

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// Syllabus says what is watched and how.
type Syllabus struct {
	// Heartbeat in seconds of the video between two updates while it plays.
	Heartbeat float64 `json:"heartbeat"`
	// ShortestLesson and LongestLesson in seconds bound a lesson's length.
	ShortestLesson float64 `json:"shortestLesson"`
	LongestLesson  float64 `json:"longestLesson"`
	// Seek, Pause and ChangeSpeed are the chances, 0 to 1, that one of these
	// happens between two heartbeats and is reported at once.
	Seek        float64 `json:"seek"`
	Pause       float64 `json:"pause"`
	ChangeSpeed float64 `json:"changeSpeed"`
}

// Usual is a syllabus of lessons between 10 and 40 minutes with a heartbeat of
// five seconds.
func Usual() Syllabus {
	return Syllabus{Heartbeat: 5, ShortestLesson: 600, LongestLesson: 2400, Seek: 0.02, Pause: 0.01, ChangeSpeed: 0.01}
}

// Validate tells which field is out of range.
func (s Syllabus) Validate() error {
	switch {
	case !(s.Heartbeat > 0):
		return fmt.Errorf("heartbeat is %v seconds, it must be above 0", s.Heartbeat)
	case !(s.ShortestLesson >= s.Heartbeat) || !(s.LongestLesson >= s.ShortestLesson):
		return fmt.Errorf("lessons of %v to %v seconds: they must be in order and no shorter than a heartbeat", s.ShortestLesson, s.LongestLesson)
	}
	for name, chance := range map[string]float64{"seek": s.Seek, "pause": s.Pause, "changeSpeed": s.ChangeSpeed} {
		if !(chance >= 0 && chance <= 1) {
			return fmt.Errorf("%s is %v, it must be 0 to 1", name, chance)
		}
	}
	if s.Seek+s.Pause+s.ChangeSpeed > 1 {
		return fmt.Errorf("seek, pause and changeSpeed add up to more than 1")
	}
	return nil
}

// State is a learner and where they are.
type State struct {
	Learner string `json:"learner"`
	// Random is the state of the learner's dice.
	Random uint64 `json:"random"`
	// Sent counts the updates, and so names each of them.
	Sent     int64   `json:"sent"`
	Course   int     `json:"course"`
	Lesson   int     `json:"lesson"`
	Length   float64 `json:"length"`
	Position float64 `json:"position"`
	Watched  float64 `json:"watched"`
	Speed    float64 `json:"speed"`
	// LastAt is the time of the newest update; the next one is later.
	LastAt time.Time `json:"lastAt"`
	// Coming is what ends the time until the next update, which is Portion of a
	// heartbeat.
	Coming  Event   `json:"coming,omitempty"`
	Portion float64 `json:"portion"`
}

// Event is what makes a player report at once, between two heartbeats.
type Event string

const (
	seek        Event = "seek"
	pause       Event = "pause"
	changeSpeed Event = "changeSpeed"
)

const (
	courses          = 5
	lessonsPerCourse = 12
	lessonsPerModule = 4
)

// New is a learner who comes back to a lesson somewhere in its first half.
func New(learner string, seed uint64, syllabus Syllabus) State {
	s := State{Learner: learner, Random: seed}
	dice := s.dice()
	s.Course, s.Lesson = dice.IntN(courses), dice.IntN(lessonsPerCourse)
	s.open(syllabus)
	s.Position = toMillis(s.Length * dice.Float64() / 2)
	s.expect(syllabus, dice)
	return s
}

func (s *State) dice() *rand.Rand { return rand.New(random{&s.Random}) }

// open starts the current lesson, whose length is the same for everyone.
func (s *State) open(syllabus Syllabus) {
	seed := uint64(s.Course*lessonsPerCourse + s.Lesson)
	part := rand.New(random{&seed}).Float64()
	s.Length = math.Round(syllabus.ShortestLesson + part*(syllabus.LongestLesson-syllabus.ShortestLesson))
	s.Position, s.Watched, s.Speed = 0, 0, 1
}

// Key is what the learner is watching.
func (s *State) Key() truth.Key {
	return truth.Key{
		UserID:   s.Learner,
		CourseID: fmt.Sprintf("course-%d", s.Course+1),
		LessonID: fmt.Sprintf("lesson-%02d", s.Lesson+1),
	}
}

// Step is what comes next: an update to send, and for how many heartbeats there
// is then nothing to report.
type Step struct {
	Update truth.Update
	Wait   float64
	// Ended says that this update completes the lesson.
	Ended bool
}

// Next plays the video up to the next update, at the given time: a heartbeat, or
// earlier if something happens.
func (s *State) Next(syllabus Syllabus, now time.Time) Step {
	dice := s.dice()
	spent := toMillis(syllabus.Heartbeat * s.Portion * (0.96 + 0.08*dice.Float64()))
	s.Position = toMillis(math.Min(s.Length, s.Position+spent*s.Speed))
	s.Watched = toMillis(math.Min(s.Length, s.Watched+spent*s.Speed))

	step := Step{Ended: s.Position >= s.Length}
	u := truth.Update{
		Key:             s.Key(),
		ModuleID:        fmt.Sprintf("module-%d", s.Lesson/lessonsPerModule+1),
		Duration:        new(s.Length),
		WatchedDelta:    &spent,
		WatchedDuration: new(s.Watched),
		Completed:       step.Ended,
	}
	if !step.Ended {
		step.Wait += s.happen(s.Coming, &u, dice)
	}
	u.CurrentTime = new(s.Position)
	step.Update = u
	s.Stamp(&step.Update, now)
	s.expect(syllabus, dice)
	step.Wait += s.Portion
	return step
}

// happen lets the event happen and returns for how many heartbeats the video
// then stands still.
func (s *State) happen(event Event, u *truth.Update, dice *rand.Rand) float64 {
	switch event {
	case seek:
		u.SeekEvents = 1 + dice.Int64N(3)
		s.Position = toMillis(clamp(s.Position+120*(dice.Float64()-0.6), 0, s.Length))
	case pause:
		u.PauseEvents = 1
		return 4 * dice.Float64()
	case changeSpeed:
		s.Speed = []float64{0.75, 1, 1.25, 1.5, 2}[dice.IntN(5)]
		u.PlaybackSpeed = new(s.Speed)
	}
	return 0
}

// expect settles when the next update comes and why. In what is left of a
// heartbeat after something has happened, nothing else does.
func (s *State) expect(syllabus Syllabus, dice *rand.Rand) {
	if s.Coming != "" {
		s.Coming, s.Portion = "", 1-s.Portion
		return
	}
	s.Portion = 1
	switch chance := dice.Float64(); {
	case chance < syllabus.Seek:
		s.Coming = seek
	case chance < syllabus.Seek+syllabus.Pause:
		s.Coming = pause
	case chance < syllabus.Seek+syllabus.Pause+syllabus.ChangeSpeed:
		s.Coming = changeSpeed
	default:
		return
	}
	s.Portion = 0.1 + 0.8*dice.Float64()
}

// Stamp gives an update its time: now, or just after the learner's last one. An
// update that is sent again is stamped again.
func (s *State) Stamp(u *truth.Update, now time.Time) {
	now = now.UTC().Truncate(time.Microsecond)
	if !now.After(s.LastAt) {
		now = s.LastAt.Add(time.Microsecond)
	}
	s.LastAt, u.OccurredAt = now, now
	s.Sent++
}

// NextLesson goes on to the lesson after this one.
func (s *State) NextLesson(syllabus Syllabus) {
	s.Lesson++
	if s.Lesson == lessonsPerCourse {
		s.Course, s.Lesson = (s.Course+1)%courses, 0
	}
	s.open(syllabus)
}

func toMillis(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

func clamp(v, low, high float64) float64 { return math.Max(low, math.Min(high, v)) }
