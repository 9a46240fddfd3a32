package xapi

import (
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Extensions of the video profile, of cmi5 and of Open edX.
const (
	extTime         = "https://w3id.org/xapi/video/extensions/time"
	extTimeTo       = "https://w3id.org/xapi/video/extensions/time-to"
	extProgress     = "https://w3id.org/xapi/video/extensions/progress"
	extSegments     = "https://w3id.org/xapi/video/extensions/played-segments"
	extLength       = "https://w3id.org/xapi/video/extensions/length"
	extSpeed        = "https://w3id.org/xapi/video/extensions/speed"
	extCmi5Progress = "https://w3id.org/xapi/cmi5/result/extensions/progress"
	extSpeedTo      = "https://w3id.org/xapi/openedx/extension/speed-to"
)

// extension is a number among the extensions of the result or the context.
func (s *statement) extension(name string) (float64, bool) {
	for _, in := range []standards.Object{s.result.extensions, s.during.extensions} {
		if value, is := in[name]; is {
			return standards.NumberIn(value)
		}
	}
	return 0, false
}

// take is an extension as a number for a field of an update.
func (s *statement) take(field, name string, factor float64) progress.Number {
	if n, is := s.extension(name); is {
		return s.ranges.Take(field, n*factor)
	}
	return progress.Number{}
}

// update is what a statement with a meaning says, but for the learner and the id.
func (s *statement) update(ask *standards.Ask) (u progress.Update, mistake *standards.Mistake) {
	if mistake = s.name(&u, ask); mistake != nil {
		return u, mistake
	}
	if s.timed {
		u.OccurredAt = standards.InstantOf(s.time, ask.Received)
	}
	what := meaningOf(s.verb)
	s.place(&u, what)
	u.PlaybackSpeed = s.take(standards.Speed, extSpeedTo, 1)
	if !u.PlaybackSpeed.Set {
		u.PlaybackSpeed = s.take(standards.Speed, extSpeed, 1)
	}
	u.Percentage = greater(s.take(standards.Percent, extProgress, 100), s.take(standards.Percent, extCmi5Progress, 1))
	s.watched(&u, what)
	switch what {
	case meansPause:
		u.PauseEvents = 1
	case meansSeek:
		u.SeekEvents = 1
	case meansEnd, meansLost:
		u.Leaving = true
	case meansWhole, meansWaive:
		u.Completed = !s.result.given
	case means:
	}
	u.Completed = u.Completed || s.result.completion
	if u.Completed && what == meansWhole && s.during.isOf(categoryCmi5) {
		u.Percentage = progress.Some(100)
	}
	return u, nil
}

// place sets the position and the length. A seek leaves the length out, so that the
// place that the learner jumps to is not taken for a part that was seen.
func (s *statement) place(u *progress.Update, what meaning) {
	if what == meansSeek {
		u.CurrentTime = s.take(standards.Position, extTimeTo, 1)
		return
	}
	u.CurrentTime = s.take(standards.Position, extTime, 1)
	if length := s.take(standards.Length, extLength, 1); length.Value > 0 {
		u.Duration = length
	}
}

// watched sets how much was seen. What was played is cumulative within a registration, and so is
// the time that a video took to be completed; both are united with what is known. A
// session of cmi5 says at its end, and only there, how long it was: these are added.
func (s *statement) watched(u *progress.Update, what meaning) {
	if text, is := s.result.extensions[extSegments].(string); is {
		segments := playedSegments(text)
		u.WatchedSegments = progress.SegmentsOf(segments, s.take(standards.Length, extLength, 1).Value)
		u.WatchedDuration = s.ranges.Take(standards.Watched, lengthOf(segments))
	}
	if !s.result.timed {
		return
	}
	session := s.during.isOf(categoryCmi5)
	switch {
	case session && (what == meansEnd || what == meansLost):
		u.WatchedDelta = s.ranges.Take(standards.Spent, s.result.seconds)
	case !session && what == meansWhole:
		u.WatchedDuration = greater(u.WatchedDuration, s.ranges.Take(standards.Watched, s.result.seconds))
	}
}

func greater(a, b progress.Number) progress.Number {
	if !a.Set || b.Set && b.Value > a.Value {
		return b
	}
	return a
}

// name sets the lesson, which is the activity, and the course: the activity among the
// parents and the groups whose type says so, the first parent, the first group, or the
// activity alone. Another parent is the module.
func (s *statement) name(u *progress.Update, ask *standards.Ask) (mistake *standards.Mistake) {
	if u.LessonID, mistake = ask.Name(s.target.id, "object.id"); mistake != nil {
		return mistake
	}
	course, path := s.course()
	if u.CourseID, mistake = ask.Name(course, path); mistake != nil {
		return mistake
	}
	for _, a := range s.during.parent {
		if a.id != course && a.id != s.target.id {
			u.ModuleID, mistake = ask.Name(a.id, s.during.parents)
			break
		}
	}
	return mistake
}

func (s *statement) course() (id, path string) {
	lists := []struct {
		path       string
		activities []activity
	}{{s.during.parents, s.during.parent}, {s.during.groups, s.during.grouping}}
	for _, l := range lists {
		for _, a := range l.activities {
			if a.isCourse() {
				return a.id, l.path
			}
		}
	}
	for _, l := range lists {
		if len(l.activities) > 0 {
			return l.activities[0].id, l.path
		}
	}
	return s.target.id, "object.id"
}
