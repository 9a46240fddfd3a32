package members_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

func with(m members.Member, change func(*members.Member)) members.Member {
	change(&m)
	return m
}

func TestWhoMayBeAHome(t *testing.T) {
	self, other := numbered(1), numbered(2)
	for name, tt := range map[string]struct {
		self   members.Member
		others []members.Member
		homes  int
		alone  bool
	}{
		"a sidecar without others is its learners' home":      {self, nil, 1, true},
		"two sidecars share their learners":                   {self, []members.Member{other}, 2, false},
		"the registry may tell of oneself":                    {self, []members.Member{self, other}, 2, false},
		"one that is leaving gets nothing any more":           {self, []members.Member{with(other, func(m *members.Member) { m.Leaving = true })}, 1, true},
		"one that speaks another protocol is no home":         {self, []members.Member{with(other, func(m *members.Member) { m.Protocol = 2 })}, 1, true},
		"one that writes another table is no home":            {self, []members.Member{with(other, func(m *members.Member) { m.Target = "u" })}, 1, true},
		"who is leaving itself hands all on":                  {with(self, func(m *members.Member) { m.Leaving = true }), []members.Member{other}, 1, false},
		"who is leaving and alone keeps what it gets":         {with(self, func(m *members.Member) { m.Leaving = true }), nil, 0, true},
		"of two processes of one writer the last counts":      {self, []members.Member{with(other, func(m *members.Member) { m.Leaving = true }), other}, 2, false},
		"an earlier process of the own writer is nobody else": {self, []members.Member{with(self, func(m *members.Member) { m.Owner = uuid.Max; m.Leaving = true })}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			set := members.New(tt.self, tt.others)
			if got := len(set.Candidates()); got != tt.homes {
				t.Errorf("%d homes, want %d", got, tt.homes)
			}
			if set.IsAlone() != tt.alone {
				t.Errorf("alone: %v", set.IsAlone())
			}
			if _, isSelf := set.Home("x"); tt.homes == 0 && !isSelf {
				t.Error("nobody is home")
			}
		})
	}
}

// Others wait for one that is about to stop and may have merged something as a home.
func TestWhoIsAboutToStop(t *testing.T) {
	self, leaving := numbered(1), with(numbered(2), func(m *members.Member) { m.Leaving = true })
	few := members.New(self, []members.Member{leaving})
	if got := few.Leaving(); len(got) != 1 || got[0].Writer != leaving.Writer || few.Has(leaving.Writer) || !few.Has(self.Writer) {
		t.Errorf("%+v", got)
	}
	if got := members.New(self, []members.Member{with(leaving, func(m *members.Member) { m.Protocol = 2 })}).Leaving(); len(got) > 0 {
		t.Errorf("one that speaks another protocol: %+v", got)
	}
	var others []members.Member
	for i := range 300 {
		m := numbered(i)
		m.Leaving = i%3 == 0
		others = append(others, m)
	}
	many := members.New(others[1], others)
	stopped := len(many.Leaving())
	if stopped == 0 || stopped > members.MaxCandidates {
		t.Errorf("of 300 members %d were candidates and are about to stop", stopped)
	}
}

func TestTheZeroSetKeepsEverythingHere(t *testing.T) {
	var none members.Set
	if _, self := none.Home("x"); !self || !none.IsAlone() {
		t.Error("it hands on")
	}
	if _, ok := none.Known(members.Fingerprint{}); ok {
		t.Error("it trusts a key")
	}
}

func TestWhoseKeysAreKnown(t *testing.T) {
	current, former, foreign := members.Fingerprint{1}, members.Fingerprint{2}, members.Fingerprint{3}
	keys := func(keys ...members.Fingerprint) func(*members.Member) {
		return func(m *members.Member) { m.Fingerprints = keys }
	}
	other := with(numbered(2), keys(current, former))
	leaving := with(other, func(m *members.Member) { m.Leaving = true })
	elsewhere := with(other, func(m *members.Member) { m.Target = "u" })
	for name, tt := range map[string]struct {
		others []members.Member
		key    members.Fingerprint
		want   bool
	}{
		"a member's key": {[]members.Member{other}, current, true},
		"the key that a member has had until today":           {[]members.Member{other}, former, true},
		"a key that nobody has registered":                    {[]members.Member{other}, foreign, false},
		"no key":                                              {[]members.Member{other}, members.Fingerprint{}, false},
		"one that is leaving still hands on what it gets":     {[]members.Member{leaving}, current, true},
		"a key of one that has left":                          {nil, current, false},
		"a key of one that writes another table":              {[]members.Member{elsewhere}, current, false},
		"a key that the writer's process before this one had": {[]members.Member{other, with(other, keys(foreign))}, current, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := members.New(numbered(1), tt.others).Known(tt.key)
			if ok != tt.want || ok && (got.Writer != other.Writer || !got.Has(tt.key)) {
				t.Errorf("known: %v, %+v", ok, got)
			}
		})
	}
}
