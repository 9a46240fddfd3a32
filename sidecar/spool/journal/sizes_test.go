package journal

import "testing"

func TestACheckpointIsDueWhileThreeTimesTheStateAreEnough(t *testing.T) {
	for name, tt := range map[string]struct {
		checkpoint, written, dropped int64
		replayed, want               bool
	}{
		"nothing was written":                       {checkpoint: 1000, want: false},
		"a log as long as the checkpoint":           {checkpoint: 1000, written: 1000, want: false},
		"a log longer than the checkpoint":          {checkpoint: 1000, written: 1001, want: true},
		"a log that makes a part of it useless":     {checkpoint: 1000, written: 500, dropped: 251, want: true},
		"a log that makes a part of it useless yet": {checkpoint: 1000, written: 500, dropped: 250, want: false},
		"a log that makes all of it useless":        {checkpoint: 1000, written: 20, dropped: 1000, want: true},
		"a log shorter than the floor":              {checkpoint: 10, written: 100, want: false},
		"a log longer than the floor":               {checkpoint: 10, written: 101, want: true},
		"a log from before the start":               {checkpoint: 1000, written: 1, replayed: true, want: true},
		"an empty log at the start":                 {checkpoint: 1000, replayed: true, want: false},
	} {
		t.Run(name, func(t *testing.T) {
			s := sizes{floor: 100}
			s.checkpoint.Store(tt.checkpoint)
			s.written.Store(tt.written)
			s.dropped.Store(tt.dropped)
			s.replayed.Store(tt.replayed)
			if got := s.due(); got != tt.want {
				t.Errorf("due %v", got)
			}
		})
	}
}
