package load

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A set that is smaller than it says would make the hard case of the benchmark
// an easy one.
func TestARandomWorkingSetReachesNearlyAllOfItsKeysAndCompletesTheShareThatWasAskedFor(t *testing.T) {
	set := WorkingSet{Learners: 1000, Lessons: 10, Random: true, Completed: 0.02}
	const updates = 100_000
	seen, completed := make(map[int]bool), 0
	for n := range updates {
		key, done := set.update(n)
		if key < 0 || key >= set.Keys() {
			t.Fatalf("update %d is about key %d of %d", n, key, set.Keys())
		}
		seen[key] = true
		if done {
			completed++
		}
	}
	// Of ten draws a key, e^-10 of the keys are left out.
	if len(seen) < set.Keys()*99/100 {
		t.Errorf("%d of %d keys had an update", len(seen), set.Keys())
	}
	if share := float64(completed) / updates; share < 0.018 || share > 0.022 {
		t.Errorf("%v of the updates complete a lesson", share)
	}
}

func TestAnotherSeedGivesOtherKeys(t *testing.T) {
	a := WorkingSet{Learners: 1000, Lessons: 100, Random: true, Seed: 1}
	b := a
	b.Seed = 2
	same := 0
	for n := range 1000 {
		first, _ := a.update(n)
		if second, _ := b.update(n); first == second {
			same++
		}
	}
	if same > 10 {
		t.Errorf("%d of 1000 keys are the same", same)
	}
}

func TestEveryKeyOfASetIsALessonOfItsOwn(t *testing.T) {
	for name, set := range map[string]WorkingSet{
		"a lesson each": {Learners: 2000},
		"ten each":      {Learners: 100, Lessons: 10},
	} {
		t.Run(name, func(t *testing.T) {
			keys := make(map[string]bool)
			shape := Shape{Path: "/v1/progress", Items: 50, Set: set}
			for n := range set.Keys() / shape.Items {
				_, body, _ := strings.Cut(string(shape.request(nil, n, time.Now())), "\r\n\r\n")
				var updates []struct {
					UserID, CourseID, LessonID string
					Completed                  bool
				}
				if err := json.Unmarshal([]byte(body), &updates); err != nil {
					t.Fatalf("%v: %s", err, body)
				}
				for _, u := range updates {
					keys[fmt.Sprint(u.UserID, u.CourseID, u.LessonID)] = true
					if u.Completed {
						t.Error("a lesson is completed")
					}
				}
			}
			if len(keys) != set.Keys() {
				t.Errorf("%d keys of %d", len(keys), set.Keys())
			}
		})
	}
}
