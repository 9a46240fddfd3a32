package control

import (
	"fmt"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/player"
)

// Start is the body of POST /learners: Count new learners, and the ones given.
type Start struct {
	Pace classroom.Pace `json:"pace"`
	// Count of new learners, whose names are Name and a number from First on.
	// Seed and number make up what they do.
	Count int    `json:"count,omitempty"`
	First int    `json:"first,omitempty"`
	Name  string `json:"name,omitempty"`
	Seed  uint64 `json:"seed,omitempty"`
	// Learners go on from where they were stopped.
	Learners []player.State `json:"learners,omitempty"`
}

func (s Start) states() []player.State {
	states := s.Learners
	for i := range s.Count {
		n := s.First + i
		// The odd factor keeps the dice of neighbours apart.
		seed := (s.Seed + uint64(n)) * 0x9e3779b97f4a7c15
		states = append(states, player.New(learnerName(s.Name, n), seed, s.Pace.Syllabus))
	}
	return states
}

// learnerName is the name of a new learner.
func learnerName(name string, n int) string { return fmt.Sprintf("%s-%04d", name, n) }

// Stop is the body of POST /stop; no names stop all.
type Stop struct {
	Learners []string `json:"learners,omitempty"`
}

// Stopped is the answer of POST /stop.
type Stopped struct {
	Learners []player.State `json:"learners"`
}
