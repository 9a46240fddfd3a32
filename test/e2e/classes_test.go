//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// An exam waits for no lecture, a learner stays in one arm, and a policy that is changed
// reaches the pods that run.
func TestClassesAndArmsDecideWhenARowIsWrittenAndTheStatusAddsThemUp(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	long, short := &metav1.Duration{Duration: time.Hour}, &metav1.Duration{Duration: interval}
	c.apply(func(spec *v1alpha1.ProgressSyncPolicySpec) {
		spec.Sync.Interval = *long
		spec.Sync.Classes = []v1alpha1.ClassSpec{
			{Name: "exam", Match: v1alpha1.ClassMatch{LessonIDs: []v1alpha1.MatchedID{"exam-*"}}, Interval: short},
			{Name: "live", Match: v1alpha1.ClassMatch{LessonIDs: []v1alpha1.MatchedID{"live-*"}}, Interval: long},
		}
		spec.Variants = &v1alpha1.VariantsSpec{Seed: "spring", Arms: []v1alpha1.ArmSpec{
			{Name: "usual", Weight: 3}, {Name: "quick", Weight: 1, Sync: v1alpha1.ArmSyncSpec{Interval: short}},
		}}
	})
	pod := c.start(c.lmsPod("lms-0"))
	arms := c.takeLessons(c.forward(t, pod.Name))
	usual, quick := int64(len(arms["usual"])), int64(len(arms["quick"]))
	conn := pgtest.Connect(t, c.server.URI(pgtest.Superuser, c.database))

	written := map[string]int64{"exam-1 usual": usual, "exam-1 quick": quick, "lecture-1 quick": quick}
	rows := func() error {
		got, err := rowsByLessonAndArm(t, conn)
		return errors.Join(err, want("the number of rows", fmt.Sprint(got), fmt.Sprint(written)))
	}
	kit.EventuallyWithin(t, patience, "the exam's rows are written, and of the lecture those of the quick arm", rows)
	for arm, learners := range arms {
		if n := pgtest.Value[int64](t, conn, "SELECT count(*) FROM unnest($1::text[]) AS id WHERE "+armInSQL+" = $2", learners, arm); n != int64(len(learners)) {
			t.Errorf("%d of %d learners whose answers say %s are in that arm in SQL", n, len(learners), arm)
		}
	}
	status := map[string]classCounts{"exam": {"2s", 0, usual + quick}, "live": {"1h0m0s", usual + quick, 0}, "default": {"1h0m0s", usual, quick}}
	c.eventuallyPolicy("the status adds up what waits and what is written", addsUp(status, map[string]int64{"usual": usual, "quick": quick}))

	policy, err := c.policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changed := policy.DeepCopy()
	changed.Spec.Sync.Classes[1].Interval = short
	if err := c.client.Patch(t.Context(), changed, client.MergeFrom(policy)); err != nil {
		t.Fatal(err)
	}
	written["live-1 usual"], written["live-1 quick"] = usual, quick
	kit.EventuallyWithin(t, patience, "the rows of the class whose interval was changed are written, and no others", rows)
	status["live"] = classCounts{"2s", 0, usual + quick}
	c.eventuallyPolicy("the status follows", addsUp(status, map[string]int64{"usual": usual, "quick": quick}))
	if err := errors.Join(c.ready(t.Context(), pod), unrestarted(pod)); err != nil {
		t.Error(err)
	}
}

// armInSQL is the arm of a learner id of the test above.
const armInSQL = `progress_sync.variant_of(id, 'spring', '{3,1}', '{usual,quick}')`

// takeLessons has learners report on an exam, a live lesson and a lecture, as many as the
// ratio of the arms needs to tell something, and returns them by the arm in the answer.
func (c *campus) takeLessons(sidecar string) (arms map[string][]string) {
	c.t.Helper()
	arms = map[string][]string{}
	for i := range 400 {
		learner := fmt.Sprint("learner-", i)
		item := func(lesson string) string {
			return fmt.Sprintf(`{"userId":%q,"courseId":"go","lessonId":%q,"currentTime":12,"duration":60}`, learner, lesson)
		}
		code, _, text := c.post(sidecar+"/v1/progress", "application/json", "["+item("exam-1")+","+item("live-1")+","+item("lecture-1")+"]")
		var answer struct{ Sync struct{ Variant string } }
		if err := json.Unmarshal([]byte(text), &answer); err != nil || code != http.StatusOK {
			c.t.Fatalf("%d: %s (%v)", code, text, err)
		}
		arms[answer.Sync.Variant] = append(arms[answer.Sync.Variant], learner)
	}
	return arms
}

// rowsByLessonAndArm counts the rows of the test above.
func rowsByLessonAndArm(t *testing.T, conn *pgx.Conn) (map[string]int64, error) {
	rows, err := conn.Query(t.Context(), "SELECT lesson_id || ' ' || "+armInSQL+", count(*) "+
		"FROM (SELECT lesson_id, user_id AS id FROM progress_sync.lesson_progress) AS r GROUP BY 1")
	if err != nil {
		return nil, err
	}
	got := map[string]int64{}
	var lessonAndArm string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&lessonAndArm, &n}, func() error {
		got[lessonAndArm] = n
		return nil
	})
	return got, err
}

// classCounts is what a policy's status should say of a class.
type classCounts struct {
	interval       string
	pending, saved int64
}

// addsUp objects unless the policy's status has the classes, and arms with so many
// learners of three lessons each.
func addsUp(classes map[string]classCounts, learners map[string]int64) func(*v1alpha1.ProgressSyncPolicy) error {
	return func(p *v1alpha1.ProgressSyncPolicy) error {
		s := p.Status
		objections := []error{
			want("the observed generation", s.ObservedGeneration, p.Generation), want("the number of classes", len(s.Classes), len(classes)),
			want("the number of arms", len(s.Variants), len(learners)),
		}
		var pending, saved, updates, rows int64
		for _, of := range s.Classes {
			objections = append(objections, want("class "+of.Name, classCounts{of.Interval, of.Pending, of.Saved}, classes[of.Name]),
				want("an oldest record", of.OldestPendingTime != nil, of.Pending > 0))
			pending, saved = pending+of.Pending, saved+of.Saved
		}
		for _, of := range s.Variants {
			objections = append(objections, want("the learners of "+of.Name, of.Learners, learners[of.Name]), want("their updates", of.Updates, 3*of.Learners))
			updates, rows = updates+of.Updates, rows+of.RowsWritten
		}
		objections = append(objections,
			want("the sum over the arms of updates and rows", [2]int64{updates, rows}, [2]int64{s.Updates.Received, s.Updates.RowsWritten}),
			want("the sum over the classes of what is saved and waits", [2]int64{saved, pending}, [2]int64{s.Updates.RowsWritten, s.Updates.Pending}))
		switch {
		case s.Sync == nil || s.Sync.SyncFrequency == "" || s.Sync.AverageBatchSize == "" || s.Sync.SuccessRate == "" || s.Sync.ErrorRate == "":
			objections = append(objections, fmt.Errorf("the numbers of writing are %+v", s.Sync))
		case s.SampleRatio == nil || s.SampleRatio.Mismatch:
			objections = append(objections, fmt.Errorf("the sample ratio is %+v", s.SampleRatio))
		}
		return errors.Join(objections...)
	}
}
