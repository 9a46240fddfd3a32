package members_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// numbered is a member with an id that is made of its number.
func numbered(n int) members.Member {
	return members.Member{Writer: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "writer %d", n)), Target: "t", Protocol: 1}
}

func fleet(n int) []members.Member {
	all := make([]members.Member, n)
	for i := range all {
		all[i] = numbered(i)
	}
	return all
}

// setOf is how the first of some members sees all of them.
func setOf(all []members.Member) members.Set { return members.New(all[0], all[1:]) }

func learners(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("learner-%d", i)
	}
	return all
}

func homeOf(s members.Set, learner string) uuid.UUID {
	home, _ := s.Home(learner)
	return home.Writer
}

// TestHomesAreTheSameInAllVersions: a version with other homes would hand learners
// to and fro with the one before it for as long as a rollout takes. The file must
// never change; UPDATE_TESTDATA=1 writes it where there is none.
func TestHomesAreTheSameInAllVersions(t *testing.T) {
	ids := append(learners(40), "", "7", "007", "ünïcødé-学习者", "3f0c9a52-8d1e-4b7a-9c61-0e5d2b7f4a13", string(make([]byte, 255)))
	got := map[string]map[string]string{}
	for _, size := range []int{1, 2, 3, 10, 64, 100} {
		set, homes := setOf(fleet(size)), map[string]string{}
		for _, id := range ids {
			homes[id] = homeOf(set, id).String()
		}
		got[fmt.Sprintf("%d members", size)] = homes
	}
	file := filepath.Join("testdata", "homes.json")
	if _, err := os.Stat(file); os.IsNotExist(err) && os.Getenv("UPDATE_TESTDATA") != "" {
		text, err := json.MarshalIndent(got, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]map[string]string
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("homes are no longer where they were:\n%s", diff)
	}
}

// drawFleet draws between least and most members in any order.
func drawFleet(t *rapid.T, least, most int) []members.Member {
	first := rapid.IntRange(0, 10_000).Draw(t, "first")
	all := make([]members.Member, rapid.IntRange(least, most).Draw(t, "members"))
	for i := range all {
		all[i] = numbered(first + i)
	}
	return rapid.Permutation(all).Draw(t, "order")
}

// TestAllMembersAgreeOnOneHome: each learner is written by one member, whoever asks
// and in whatever order the registry told the members.
func TestAllMembersAgreeOnOneHome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawFleet(t, 1, 150)
		learner := rapid.String().Draw(t, "learner")
		want := homeOf(setOf(all), learner)
		asked := rapid.IntRange(0, len(all)-1).Draw(t, "asked")
		rest := slices.Delete(slices.Clone(all), asked, asked+1)
		home, self := members.New(all[asked], rapid.Permutation(rest).Draw(t, "told")).Home(learner)
		if home.Writer != want || self != (want == all[asked].Writer) {
			t.Errorf("one says %v, another %v (itself: %v)", want, home.Writer, self)
		}
		if !slices.ContainsFunc(all, func(m members.Member) bool { return m.Writer == want }) {
			t.Errorf("the home %v is no member", want)
		}
	})
}

// TestAMemberThatGoesMovesItsOwnLearnersOnly, up to MaxCandidates: the learners of
// all others keep what their homes hold of them.
func TestAMemberThatGoesMovesItsOwnLearnersOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawFleet(t, 2, members.MaxCandidates)
		before := setOf(all)
		gone := all[len(all)-1].Writer
		after := setOf(all[:len(all)-1])
		for _, learner := range learners(200) {
			was, is := homeOf(before, learner), homeOf(after, learner)
			if was != gone && was != is || is == gone {
				t.Errorf("%s moved from %v to %v, and %v went", learner, was, is, gone)
			}
		}
	})
}

// TestInALargeFleetAChangeMovesFewLearners: with more members than candidates, the
// change of one replaces one candidate at most.
func TestInALargeFleetAChangeMovesFewLearners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawFleet(t, members.MaxCandidates+2, 200)
		before, after := setOf(all), setOf(all[:len(all)-1])
		if n := len(before.Candidates()); n != members.MaxCandidates {
			t.Fatalf("%d candidates", n)
		}
		went, came := difference(before, after), difference(after, before)
		if len(went) > 1 || len(came) != len(went) {
			t.Fatalf("%d went and %d came for one member", len(went), len(came))
		}
		for _, learner := range learners(100) {
			was, is := homeOf(before, learner), homeOf(after, learner)
			if was != is && !slices.Contains(went, was) && !slices.Contains(came, is) {
				t.Errorf("%s moved between two that stayed", learner)
			}
		}
	})
}

// difference has the candidates of a that b has not.
func difference(a, b members.Set) []uuid.UUID {
	var only []uuid.UUID
	for _, m := range a.Candidates() {
		if !slices.ContainsFunc(b.Candidates(), func(o members.Member) bool { return o.Writer == m.Writer }) {
			only = append(only, m.Writer)
		}
	}
	return only
}

// TestAMemberThatComesTakesItsShare: no member has much more to do than another, and
// no more learners move than have to. The bounds are six standard deviations.
func TestAMemberThatComesTakesItsShare(t *testing.T) {
	const n = 20_000
	for _, size := range []int{1, 2, 3, 9, 31, 63} {
		t.Run(fmt.Sprintf("%d and one more", size), func(t *testing.T) {
			before, after := setOf(fleet(size)), setOf(fleet(size+1))
			moved, share := 0, map[uuid.UUID]int{}
			for _, learner := range learners(n) {
				is := homeOf(after, learner)
				share[is]++
				if homeOf(before, learner) != is {
					moved++
				}
			}
			p := 1 / float64(size+1)
			spread := 6 * math.Sqrt(n*p*(1-p))
			if off := math.Abs(float64(moved) - n*p); off > spread {
				t.Errorf("%d of %d learners moved", moved, n)
			}
			for _, m := range fleet(size + 1) {
				if off := math.Abs(float64(share[m.Writer]) - n*p); off > spread {
					t.Errorf("%v has %d of %d learners", m.Writer, share[m.Writer], n)
				}
			}
		})
	}
}

// TestAskingForAHomeAllocatesNothing: it is asked for every update.
func TestAskingForAHomeAllocatesNothing(t *testing.T) {
	set := setOf(fleet(64))
	if n := testing.AllocsPerRun(100, func() { set.Home("3f0c9a52-8d1e-4b7a-9c61-0e5d2b7f4a13") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHomeAmong64Members(b *testing.B) {
	set, ids := setOf(fleet(64)), learners(1024)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		set.Home(ids[i%len(ids)])
	}
}
