package peers

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// An answer that lacks what a learner did a moment ago takes them back to an old place.
func TestWhoMayLackWhatALearnerDidLast(t *testing.T) {
	self, a, b := members.Member{Writer: uuid.New()}, members.Member{Writer: uuid.New()}, members.Member{Writer: uuid.New()}
	nobody, alone := members.Set{}, members.New(self, nil)
	two, three := members.New(self, []members.Member{a}), members.New(self, []members.Member{a, b})
	ofA := learnerWhose(func(name string) bool { return homeIn(two, name) == a.Writer })
	mine := learnerWhose(func(name string) bool { return homeIn(two, name) == self.Writer && homeIn(three, name) == self.Writer })
	start := time.Unix(1, 0)
	type step struct {
		set   members.Set
		after time.Duration
	}
	for name, c := range map[string]struct {
		steps   []step
		current members.Set
		learner string
		want    bool
	}{
		"the home of a learner who has not moved":                    {[]step{{nobody, -time.Hour}, {two, -time.Second}}, three, mine, false},
		"another one than the home":                                  {[]step{{nobody, -time.Hour}}, two, ofA, true},
		"the home since a moment ago":                                {[]step{{two, -time.Second}}, alone, ofA, true},
		"the home since some time":                                   {[]step{{two, -settling}}, alone, ofA, false},
		"the home of one who moved and whose home changed again":     {[]step{{two, -time.Second}, {alone, 0}}, alone, ofA, true},
		"one that has just been started among others":                {[]step{{nobody, -time.Second}}, two, mine, true},
		"one that was started among others some time ago":            {[]step{{nobody, -settling}}, two, mine, false},
		"one that has just been started alone":                       {[]step{{nobody, -time.Second}}, alone, mine, false},
		"one that is alone, and was so":                              {nil, alone, ofA, false},
		"one to which somebody came since, of a learner who remains": {[]step{{alone, -time.Second}}, two, mine, false},
	} {
		t.Run(name, func(t *testing.T) {
			var f formers
			for _, s := range c.steps {
				f = f.after(s.set, start.Add(s.after))
			}
			if got := f.isBehind(c.learner, c.current, start); got != c.want {
				t.Errorf("it may be behind: %v, want %v", got, c.want)
			}
		})
	}
}

func homeIn(s members.Set, learner string) uuid.UUID {
	home, _ := s.Home(learner)
	return home.Writer
}

func learnerWhose(home func(name string) bool) (name string) {
	for i := 0; ; i++ {
		if name = fmt.Sprint("learner ", i); home(name) {
			return name
		}
	}
}

func TestSetsOfLongAgoAreForgotten(t *testing.T) {
	var f formers
	start := time.Unix(1, 0)
	for i := range 100 {
		f = f.after(members.Set{}, start.Add(time.Duration(i)*time.Second))
	}
	if most := int(settling/time.Second) + 1; len(f) > most {
		t.Errorf("%d are remembered", len(f))
	}
}
