package roll

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

func TestWhoIsKnownAfterAnAnswer(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	self := members.Member{Writer: uuid.UUID{1}, Target: "t"}
	a := members.Member{Writer: uuid.UUID{2}, Target: "t"}
	b := members.Member{Writer: uuid.UUID{3}, Target: "t"}
	again := members.Member{Writer: b.Writer, Owner: uuid.UUID{9}, Target: "t"}
	leaving := members.Member{Writer: uuid.UUID{4}, Target: "t", Leaving: true}
	elsewhere := members.Member{Writer: uuid.UUID{5}, Target: "u"}
	both := memory{self: self, told: []members.Member{a, b}, known: []members.Member{a, b}, success: now}
	told := func(all ...members.Member) members.Answer { return members.Answer{Changed: true, Others: all} }
	for name, tt := range map[string]struct {
		before memory
		after  time.Duration // since the last answer
		answer members.Answer
		want   []members.Member
	}{
		"the first answer counts as it is":                           {memory{}, 0, told(a), []members.Member{a}},
		"an unchanged answer leaves them as they are":                {both, Period, members.Answer{}, []members.Member{a, b}},
		"without an outage who is not told is gone":                  {both, outage, told(a), []members.Member{a}},
		"after an outage who has not come back is still known":       {both, outage + 1, told(a), []members.Member{a, b}},
		"after an outage who is back as another process is that":     {both, outage + 1, told(again), []members.Member{again, a}},
		"after an outage somebody may have come":                     {both, outage + 1, told(a, b, leaving), []members.Member{a, b, leaving}},
		"who was leaving before an outage is gone after it":          {memory{known: []members.Member{leaving}, success: now}, outage + 1, told(a), []members.Member{a}},
		"who writes another table than the sidecar now does is gone": {memory{known: []members.Member{elsewhere}, success: now}, outage + 1, told(a), []members.Member{a}},
	} {
		t.Run(name, func(t *testing.T) {
			got := tt.before.after(tt.answer, self, now.Add(tt.after))
			if diff := cmp.Diff(tt.want, got.known); diff != "" {
				t.Error(diff)
			}
			later := got.after(members.Answer{}, self, now.Add(tt.after).Add(comeback))
			if diff := cmp.Diff(got.told, later.known); diff != "" {
				t.Errorf("when all had the time to come back:\n%s", diff)
			}
		})
	}
}
