package ingest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
	"github.com/progress-sync/progress-sync/sidecar/variant"
)

func twoArms() *timing.Table {
	c := config.Default()
	c.Variants = config.Variants{Seed: "spring", Arms: []config.Arm{{Name: "usual", Weight: 50}, {Name: "quick", Weight: 50}}}
	return timing.New(c, 0)
}

// An LMS that joins its analytics by these answers must find each learner's arm in
// all of them, and no arm where the answer is about several learners.
func TestTheSyncStateOfALearnerNamesTheirArm(t *testing.T) {
	const ada, bob = "learner-1", "learner-2"
	arms := []string{"usual", "quick"}
	armOf := func(user string) any { return arms[variant.Of("spring", user, []int{50, 50})] }
	if armOf(ada) == armOf(bob) {
		t.Fatal("the two learners are in one arm")
	}
	send := func(method, target string) func() *http.Request {
		return func() *http.Request { return httptest.NewRequest(method, target, nil) }
	}
	posting := func(body string) func() *http.Request { return func() *http.Request { return post(body) } }
	for name, c := range map[string]struct {
		r    func() *http.Request
		at   []any
		want any
	}{
		"one update":             {posting(item(ada)), []any{"sync", "variant"}, armOf(ada)},
		"another's update":       {posting(item(bob)), []any{"sync", "variant"}, armOf(bob)},
		"several of one":         {posting("[" + item(ada) + "," + item(ada) + "]"), []any{"sync", "variant"}, armOf(ada)},
		"a good and a bad one":   {posting("[" + item(ada) + ",7]"), []any{"sync", "variant"}, armOf(ada)},
		"updates of two":         {posting("[" + item(ada) + "," + item(bob) + "]"), []any{"sync", "variant"}, nil},
		"no update":              {posting("[]"), []any{"sync", "variant"}, nil},
		"a read":                 {send(http.MethodGet, "/v1/progress?userId="+bob), []any{"sync", "variant"}, armOf(bob)},
		"a reset":                {send(http.MethodDelete, "/v1/progress?userId="+ada+"&courseId=c&lessonId=l"), []any{"sync", "variant"}, armOf(ada)},
		"the state of one":       {send(http.MethodGet, "/v1/sync?userId="+ada), []any{"variant"}, armOf(ada)},
		"the state of a lesson":  {send(http.MethodGet, "/v1/sync?lessonId=l"), []any{"variant"}, nil},
		"the state of all":       {send(http.MethodGet, "/v1/sync"), []any{"variant"}, nil},
		"a sync of one":          {send(http.MethodPost, "/v1/sync?userId="+bob), []any{"variant"}, armOf(bob)},
		"a sync of all learners": {send(http.MethodPost, "/v1/sync"), []any{"variant"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.SetTerms(twoArms())
			a := d.ask(t, c.r())
			if got := a.get(t, c.at...); got != c.want {
				t.Errorf("the arm is %v, not %v, in %s", got, c.want, a.text)
			}
			d.SetTerms(timing.New(config.Default(), 0)) // a policy without variants
			if a := d.ask(t, c.r()); !strings.Contains(a.text, `"pendingUpdates"`) || strings.Contains(a.text, `"variant"`) {
				t.Errorf("without variants the answer is %s", a.text)
			}
		})
	}
}

// Nearly all requests ask for the arm.
func TestNamingTheArmTakesNoMemory(t *testing.T) {
	updates := []progress.Update{{Key: progress.Key{UserID: "learner-1"}}, {Key: progress.Key{UserID: "learner-1"}}}
	for name, terms := range map[string]*timing.Table{"with variants": twoArms(), "without": timing.New(config.Default(), 0), "before any": nil} {
		d := newDesk()
		d.SetTerms(terms)
		if n := testing.AllocsPerRun(100, func() { _ = d.variantAmong(updates) }); n > 0 {
			t.Errorf("%s it takes %v allocations", name, n)
		}
	}
}
