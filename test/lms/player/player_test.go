package player

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/test/truth"
)

var morning = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// play runs a learner for n heartbeats of a second each.
func play(s *State, syllabus Syllabus, from, n int) []truth.Update {
	var updates []truth.Update
	for i := from; i < from+n; i++ {
		step := s.Next(syllabus, morning.Add(time.Duration(i)*time.Second))
		updates = append(updates, step.Update)
		if step.Ended {
			s.NextLesson(syllabus)
		}
	}
	return updates
}

func TestTheSameSeedPlaysTheSame(t *testing.T) {
	one, two := New("a", 7, Usual()), New("a", 7, Usual())
	if diff := cmp.Diff(play(&one, Usual(), 0, 2000), play(&two, Usual(), 0, 2000)); diff != "" {
		t.Error(diff)
	}
	other := New("a", 8, Usual())
	if cmp.Equal(play(&other, Usual(), 0, 50), play(&two, Usual(), 0, 50)) {
		t.Error("another seed plays the same")
	}
}

func TestALearnerGoesOnElsewhereAsIfNothingHadBeen(t *testing.T) {
	stay := New("a", 7, Usual())
	want := play(&stay, Usual(), 0, 1000)

	leave := New("a", 7, Usual())
	got := play(&leave, Usual(), 0, 400)
	text, err := json.Marshal(leave)
	if err != nil {
		t.Fatal(err)
	}
	var arrive State
	if err := json.Unmarshal(text, &arrive); err != nil {
		t.Fatal(err)
	}
	got = append(got, play(&arrive, Usual(), 400, 600)...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAPlayerReports(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		syllabus := Usual()
		syllabus.ShortestLesson, syllabus.LongestLesson = 60, 300
		s := New("a", rapid.Uint64().Draw(t, "seed"), syllabus)
		now, last := morning, time.Time{}
		for range 300 {
			// A clock may stand still or fall back, the updates' times don't.
			now = now.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "passed")) * time.Second)
			key := s.Key()
			step := s.Next(syllabus, now)
			u := step.Update
			switch {
			case u.Key != key:
				t.Fatalf("watching %v, reported %v", key, u.Key)
			case !u.OccurredAt.After(last):
				t.Fatalf("%v is not after %v", u.OccurredAt, last)
			case *u.CurrentTime < 0 || *u.CurrentTime > *u.Duration || *u.WatchedDuration > *u.Duration:
				t.Fatalf("at %v, %v watched of %v", *u.CurrentTime, *u.WatchedDuration, *u.Duration)
			case step.Ended != (*u.CurrentTime == *u.Duration && u.Completed):
				t.Fatalf("ended is %t at %v of %v", step.Ended, *u.CurrentTime, *u.Duration)
			case *u.WatchedDelta <= 0 || *u.WatchedDelta > 5.2:
				t.Fatalf("a heartbeat of %v s", *u.WatchedDelta)
			case step.Wait <= 0 || step.Wait > 5:
				t.Fatalf("the next update after %v heartbeats", step.Wait)
			}
			last = u.OccurredAt
			if step.Ended {
				s.NextLesson(syllabus)
			}
		}
	})
}

func TestAllThatMayHappenHappens(t *testing.T) {
	var seeks, pauses, speeds, completions, back, between int
	s := New("a", 1, Usual())
	at := s.Position
	for _, u := range play(&s, Usual(), 0, 5000) {
		if u.SeekEvents > 0 {
			seeks++
			if *u.CurrentTime < at {
				back++
			}
		}
		if u.PauseEvents > 0 {
			pauses++
		}
		if u.PlaybackSpeed != nil {
			speeds++
		}
		if u.Completed {
			completions++
		}
		if u.SeekEvents+u.PauseEvents > 0 || u.PlaybackSpeed != nil {
			if *u.WatchedDelta < 4.8 {
				between++
			}
		}
		at = *u.CurrentTime
	}
	if between < 150 || between > 250 {
		t.Errorf("%d of 5000 updates came between two heartbeats", between)
	}
	if seeks < 50 || pauses < 25 || speeds < 25 || completions < 8 || back < 20 {
		t.Errorf("in 5000 heartbeats: %d seeks, %d of them back, %d pauses, %d speeds, %d completions", seeks, back, pauses, speeds, completions)
	}
}

func TestSyllabusValidate(t *testing.T) {
	tests := map[string]func(*Syllabus){
		"no heartbeat":                    func(s *Syllabus) { s.Heartbeat = 0 },
		"a lesson below a heartbeat":      func(s *Syllabus) { s.ShortestLesson = 1 },
		"lessons the wrong way round":     func(s *Syllabus) { s.LongestLesson = 10 },
		"a chance above one":              func(s *Syllabus) { s.Seek = 1.5 },
		"chances that add up to too much": func(s *Syllabus) { s.Seek, s.Pause = 0.6, 0.6 },
	}
	if err := Usual().Validate(); err != nil {
		t.Errorf("the usual one: %v", err)
	}
	for name, change := range tests {
		s := Usual()
		change(&s)
		if s.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
