package alternative

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// update is what the handlers decode, with encoding/json as most apps do.
type update struct {
	UserID        string  `json:"userId"`
	CourseID      string  `json:"courseId"`
	LessonID      string  `json:"lessonId"`
	ModuleID      string  `json:"moduleId"`
	CurrentTime   float64 `json:"currentTime"`
	Duration      float64 `json:"duration"`
	WatchedDelta  float64 `json:"watchedDelta"`
	SeekEvents    int64   `json:"seekEvents"`
	PauseEvents   int64   `json:"pauseEvents"`
	PlaybackSpeed float64 `json:"playbackSpeed"`
	Completed     bool    `json:"completed"`
	OccurredAt    int64   `json:"occurredAt"`
}

func (u update) percentage() float64 { return min(100, 100*u.CurrentTime/u.Duration) }

func (u update) at() time.Time { return time.UnixMilli(u.OccurredAt) }

// decode takes an object or an array of them.
func decode(body []byte) ([]update, error) {
	if bytes.HasPrefix(body, []byte("[")) {
		var many []update
		if err := json.Unmarshal(body, &many); err != nil {
			return nil, fmt.Errorf("decoding an array: %w", err)
		}
		return many, nil
	}
	var one update
	if err := json.Unmarshal(body, &one); err != nil {
		return nil, fmt.Errorf("decoding an update: %w", err)
	}
	return []update{one}, nil
}
