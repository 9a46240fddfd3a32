package caliper

import (
	"github.com/progress-sync/progress-sync/sidecar/ingest/iso8601"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// tell sets what an event about media says of progress. Actions without a case of their
// own say no more than where the learner is.
func tell(u *progress.Update, event standards.Object, action string, ranges standards.Ranges) *standards.Mistake {
	object, _ := event["object"].(standards.Object)
	target, _ := event["target"].(standards.Object)
	length, mistake := seconds(object["duration"], "object.duration", standards.Length, ranges)
	if mistake != nil {
		return mistake
	}
	if length.Value > 0 {
		u.Duration = length
	}
	if u.CurrentTime, mistake = seconds(target["currentTime"], "target.currentTime", standards.Position, ranges); mistake != nil {
		return mistake
	}
	switch action {
	case "Paused":
		u.PauseEvents = 1
	case "JumpedTo", "ForwardedTo", "Rewound":
		u.SeekEvents = 1
		// A seek leaves the length out, so that the place that the learner jumps to is not
		// taken for a part that was seen.
		u.Duration = progress.Number{}
		if to, is := standards.SecondsIn(extension(target, "newTime")); is { // of Open edX
			u.CurrentTime = ranges.Take(standards.Position, to)
		}
	case "Ended":
		u.Leaving = true
		if !u.CurrentTime.Set {
			u.CurrentTime = u.Duration
		}
	case "ChangedSpeed":
		if speed, is := standards.NumberIn(extension(event, "newSpeed")); is { // of Open edX
			u.PlaybackSpeed = ranges.Take(standards.Speed, speed)
		}
	}
	return nil
}

func extension(of standards.Object, name string) any {
	extensions, _ := of["extensions"].(standards.Object)
	return extensions[name]
}

// seconds reads a length of time, not set if it is left out or has no fixed length.
func seconds(value any, field, as string, ranges standards.Ranges) (progress.Number, *standards.Mistake) {
	if value == nil {
		return progress.Number{}, nil
	}
	text, is := value.(string)
	if !is {
		return progress.Number{}, standards.Wrong(field, "must be a text")
	}
	n, fixed, err := iso8601.Duration(text)
	if err != nil {
		return progress.Number{}, standards.Wrong(field, err.Error())
	}
	if !fixed {
		return progress.Number{}, nil
	}
	return ranges.Take(as, n), nil
}
