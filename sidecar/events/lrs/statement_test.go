package lrs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/ingest/xapi"
	"github.com/progress-sync/progress-sync/sidecar/iri"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// openEdX names courses and lessons as Open edX does.
func openEdX() config.XAPI {
	return config.XAPI{
		Endpoint: "https://lrs.example.com/xapi", HomePage: "https://lms.example.com",
		ActivityID: "https://lms.example.com/xblock/{lessonId}", CourseActivityID: "https://lms.example.com/course/{courseId}",
	}
}

// departure is an event of a learner who has left.
func departure(learner, text string) delivery.Event {
	e := event(learner, text)
	e.Type = config.EventLeft
	return e
}

func event(learner, text string) delivery.Event {
	return delivery.Event{
		Position: delivery.Position{ID: uuid.MustParse("3b5f0a86-6f0c-8d52-9c1d-0d1f6d0b7a11")}, Type: config.EventCompleted, Learner: learner,
		At: time.Date(2026, 11, 27, 10, 14, 43, 739995000, time.UTC), Data: json.RawMessage(text),
	}
}

const (
	watchedVideo = `{"userId":"ada","courseId":"course-v1:Uni+GO101+2026","lessonId":"block-v1:Uni+GO101+2026+type@video+block@a1","generation":0,
		"completedAt":"2026-11-27T10:14:41.200000Z","percentage":100,"positionSeconds":95.5,"durationSeconds":100,"timeSpentSeconds":311.504,
		"watchedSegments":[[0,12],[30,45.5]]}`
	leftVideo = `{"userId":"ada","courseId":"course-v1:Uni+GO101+2026","lessonId":"block-v1:Uni+GO101+2026+type@video+block@a1","generation":0,
		"leftAt":"2026-11-27T10:15:02.000000Z","completed":false,"percentage":45.5,"positionSeconds":45.5,"durationSeconds":100,"timeSpentSeconds":27.5,
		"watchedSegments":[[0,12],[30,45.5]]}`
	bare = `{"userId":"ada","courseId":"go 101/&","lessonId":"ünits?#%","generation":0}`
)

// The reader of statements is that of docs/standards.md, so that what is sent out is what
// the standard allows.
func TestAStatementSaysWhatTheEventTells(t *testing.T) {
	for name, c := range map[string]struct {
		lrs   config.XAPI
		event delivery.Event
		want  progress.Update
	}{
		"video": {openEdX(), event("ada", watchedVideo), progress.Update{
			Key:        progress.Key{UserID: "ada", CourseID: "course-v1:Uni+GO101+2026", LessonID: "block-v1:Uni+GO101+2026+type@video+block@a1"},
			Percentage: progress.Some(100), CurrentTime: progress.Some(95.5), Duration: progress.Some(100), WatchedDuration: progress.Some(311.5),
			WatchedSegments: progress.SegmentsOf([][2]float64{{0, 12}, {30, 45.5}}, 100), Completed: true,
			OccurredAt: progress.InstantOf(time.Date(2026, 11, 27, 10, 14, 41, 200_000_000, time.UTC)),
		}},
		"left": {openEdX(), departure("ada", leftVideo), progress.Update{
			Key:        progress.Key{UserID: "ada", CourseID: "course-v1:Uni+GO101+2026", LessonID: "block-v1:Uni+GO101+2026+type@video+block@a1"},
			Percentage: progress.Some(45.5), CurrentTime: progress.Some(45.5), Duration: progress.Some(100), WatchedDuration: progress.Some(27.5),
			WatchedSegments: progress.SegmentsOf([][2]float64{{0, 12}, {30, 45.5}}, 100), Leaving: true,
			OccurredAt: progress.InstantOf(time.Date(2026, 11, 27, 10, 15, 2, 0, time.UTC)),
		}},
		"left_of_little": {config.XAPI{HomePage: "https://lms.example.com/"}, departure("ada", bare), progress.Update{
			Key:        progress.Key{UserID: "ada", CourseID: "https://lms.example.com/courses/go%20101%2F%26", LessonID: "https://lms.example.com/courses/go%20101%2F%26/lessons/%C3%BCnits%3F%23%25"},
			Leaving:    true,
			OccurredAt: progress.InstantOf(time.Date(2026, 11, 27, 10, 14, 43, 739_995_000, time.UTC)),
		}},
		"bare": {config.XAPI{HomePage: "https://lms.example.com/"}, event("ada", bare), progress.Update{
			Key:        progress.Key{UserID: "ada", CourseID: "https://lms.example.com/courses/go%20101%2F%26", LessonID: "https://lms.example.com/courses/go%20101%2F%26/lessons/%C3%BCnits%3F%23%25"},
			Completed:  true,
			OccurredAt: progress.InstantOf(time.Date(2026, 11, 27, 10, 14, 43, 739_995_000, time.UTC)),
		}},
		"iri": {config.XAPI{HomePage: "https://lms.example.com"}, event("mailto:ada@example.com", `{"courseId":"c","lessonId":"urn:isbn:1","percentage":33.33333}`), progress.Update{
			Key:        progress.Key{UserID: "mailto:ada@example.com", CourseID: "https://lms.example.com/courses/c", LessonID: "urn:isbn:1"},
			Percentage: progress.Some(33.33), Completed: true,
			OccurredAt: progress.InstantOf(time.Date(2026, 11, 27, 10, 14, 43, 739_995_000, time.UTC)),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := formOf(c.lrs).statementOf(c.event)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent([]statement{s}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".json")
			if os.Getenv("UPDATE_TESTDATA") != "" {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			read, mistake := xapi.Decode(got, &standards.Ask{
				MaxEvents: 10, Ranges: standards.RangesOf(progress.Fields()), Received: progress.InstantOf(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)),
				Prefixes: []string{"https://lms.example.com/course/", "https://lms.example.com/xblock/"},
			})
			if mistake != nil {
				t.Fatalf("no statement: %s", mistake.Words())
			}
			update := read[0].Update
			if read[0].Outcome != standards.OutcomeUpdate || read[0].ID != s.ID {
				t.Errorf("it is %s of %s", read[0].Outcome, read[0].ID)
			}
			update.EventID = ""
			if diff := cmp.Diff(c.want, update); diff != "" {
				t.Errorf("what it says (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheIDOfAStatementFollowsFromTheEvent(t *testing.T) {
	first, err := uuid.Parse(statementID(uuid.UUID{1}))
	if err != nil || first.Version() != 5 || first.Variant() != uuid.RFC4122 {
		t.Errorf("%s, %v", first, err)
	}
	if statementID(uuid.UUID{1}) != first.String() || statementID(uuid.UUID{2}) == first.String() {
		t.Error("the same event has another id, or another event has the same")
	}
}

func TestNoTwoIDsMakeOneIRI(t *testing.T) {
	f := formOf(config.XAPI{HomePage: "https://lms.example.com"})
	seen := map[string]data{}
	ids := []string{"a", "b", "a/lessons/b", "a%2Flessons%2Fb", "a b", "a%20b", "a+b", "ä", "%", "{lessonId}"}
	for _, course := range ids {
		for _, lesson := range ids {
			d := data{CourseID: course, LessonID: lesson}
			id := f.lesson(d)
			if other, is := seen[id]; is {
				t.Errorf("%v and %v are %s", d, other, id)
			}
			seen[id] = d
			if !iri.Is(id) {
				t.Errorf("%v is %s, which is no IRI", d, id)
			}
		}
	}
}
