package policy

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/unsaved"
)

func departed(name string, deleted bool, left unsaved.Left) gone {
	return gone{unsaved.Pod{UID: types.UID("uid-of-" + name), Namespace: "campus", Name: name, Deleted: deleted}, left}
}

func TestReckoningAddsUp(t *testing.T) {
	before := v1alpha1.UnsavedStatus{Lost: 1, OnClaim: 2, Unknown: 3, CountedPods: []types.UID{"uid-of-ended", "uid-of-past", "uid-of-twice"}}
	got := reckon(before, []gone{
		departed("a", true, unsaved.Left{Lost: 100, Erasures: 1}),
		departed("b", true, unsaved.Left{OnClaim: 20}),
		departed("c", false, unsaved.Left{Unknown: 30}),
		departed("saved", true, unsaved.Left{}),
		departed("twice", true, unsaved.Left{Lost: 1000}),
	}, map[types.UID]bool{"uid-of-ended": true})
	want := v1alpha1.UnsavedStatus{Lost: 101, OnClaim: 22, Unknown: 33, CountedPods: []types.UID{"uid-of-a", "uid-of-b", "uid-of-c", "uid-of-ended", "uid-of-twice"}}
	if diff := cmp.Diff(want, got.status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if len(got.counted) != 3 || len(got.acknowledged) != 5 {
		t.Errorf("%d counted, %d acknowledged", len(got.counted), len(got.acknowledged))
	}
}

// A write whose answer is lost may or may not have happened, and pods go while
// it does: the sums must be those of all pods that went, each once.
func TestSumsAreRightWhateverBecomesOfAWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stored v1alpha1.UnsavedStatus
		ledger, ended := map[types.UID]gone{}, map[types.UID]bool{}
		var want int64
		pass := func(outcome string) {
			var pods []gone
			for _, uid := range slices.Sorted(maps.Keys(ledger)) {
				pods = append(pods, ledger[uid])
			}
			exist := map[types.UID]bool{}
			for _, uid := range stored.CountedPods {
				if ended[uid] {
					exist[uid] = true
				}
			}
			r := reckon(stored, pods, exist)
			if len(r.status.CountedPods) > 2*countedAtOnce {
				t.Fatalf("%d pods are named", len(r.status.CountedPods))
			}
			if outcome != "refused" {
				stored = r.status
			}
			if outcome == "written" {
				for _, uid := range r.acknowledged {
					delete(ledger, uid)
				}
			}
		}
		next := 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch step := rapid.SampledFrom([]string{"go", "end", "delete", "written", "refused", "unanswered"}).Draw(t, "step"); step {
			case "go", "end":
				for range rapid.SampledFrom([]int{1, 1, countedAtOnce + 5}).Draw(t, "pods") {
					next++
					pod := departed(strconv.Itoa(next), step == "go", unsaved.Left{Lost: 1})
					ledger[pod.UID] = pod
					ended[pod.UID] = step == "end"
					want++
				}
			case "delete":
				for uid, there := range ended {
					if !there {
						continue
					}
					ended[uid] = false
					if pod, kept := ledger[uid]; kept {
						pod.Deleted = true
						ledger[uid] = pod
					}
				}
			default:
				pass(step)
			}
		}
		for uid := range ended {
			if pod, kept := ledger[uid]; kept {
				pod.Deleted, ended[uid] = true, false
				ledger[uid] = pod
			}
		}
		for range 2 + next/countedAtOnce + next {
			pass("written")
		}
		if stored.Lost != want || len(ledger) != 0 {
			t.Fatalf("%d are counted, want %d; %d pods wait still", stored.Lost, want, len(ledger))
		}
	})
}

func TestNotesOnGonePods(t *testing.T) {
	for says, left := range map[string]unsaved.Left{
		"100 of its records were saved, and they are lost": {Lost: 100},
		"left 3 records on its claim":                      {OnClaim: 3},
		"without a word and held 7 records":                {Unknown: 7},
		"2 erasures of learners went with it":              {Erasures: 2},
	} {
		if got := departed("lms-7", true, left).note(); !strings.Contains(got, says) || !strings.Contains(got, "pod lms-7") {
			t.Errorf("%q does not say %q", got, says)
		}
	}
}
