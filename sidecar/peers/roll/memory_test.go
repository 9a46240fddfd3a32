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
	both := memory{self: self, told: viewOf(a, b), known: []members.Member{a, b}, success: now}
	for name, tt := range map[string]struct {
		before memory
		after  time.Duration // since the last answer
		told   members.View
		want   []members.Member
	}{
		"the first answer counts as it is":                           {memory{}, 0, viewOf(a), []members.Member{a}},
		"an unchanged answer leaves them as they are":                {both, Period, both.told, []members.Member{a, b}},
		"without an outage who is not told is gone":                  {both, outage, viewOf(a), []members.Member{a}},
		"after an outage who has not come back is still known":       {both, outage + 1, viewOf(a), []members.Member{a, b}},
		"after an outage who is back as another process is that":     {both, outage + 1, viewOf(again), []members.Member{again, a}},
		"after an outage somebody may have come":                     {both, outage + 1, viewOf(a, b, leaving), []members.Member{a, b, leaving}},
		"who was leaving before an outage is gone after it":          {memory{known: []members.Member{leaving}, success: now}, outage + 1, viewOf(a), []members.Member{a}},
		"who writes another table than the sidecar now does is gone": {memory{known: []members.Member{elsewhere}, success: now}, outage + 1, viewOf(a), []members.Member{a}},
	} {
		t.Run(name, func(t *testing.T) {
			got := tt.before.after(tt.told, self, now.Add(tt.after))
			if diff := cmp.Diff(tt.want, got.known); diff != "" {
				t.Error(diff)
			}
			later := got.after(got.told, self, now.Add(tt.after).Add(comeback))
			if diff := cmp.Diff(got.told.Members(), later.known); diff != "" {
				t.Errorf("when all had the time to come back:\n%s", diff)
			}
		})
	}
}

func viewOf(all ...members.Member) members.View {
	var entries []members.Entry
	for _, m := range all {
		entries = append(entries, members.Entry{Member: m})
	}
	return members.View{}.After(time.Unix(1, 0), entries, nil)
}
