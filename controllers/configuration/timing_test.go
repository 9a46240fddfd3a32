package configuration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/config"
)

// drawTiming of what the API server takes: when records are written, by class and arm.
func drawTiming(t *rapid.T, policy *v1alpha1.ProgressSyncPolicy, duration func(name string, least, most time.Duration) metav1.Duration,
	number func(name string, least, most int32) int32) {
	often := func(name string) bool { return rapid.Bool().Draw(t, name) }
	all := policy.Spec.Sync.Interval.Duration
	within := func(name string, most time.Duration) *metav1.Duration {
		return ptr.To(duration(name, time.Second, most))
	}
	quiet := func(name string, most time.Duration) v1alpha1.QuietPeriod {
		return rapid.SampledFrom([]v1alpha1.QuietPeriod{"Auto", v1alpha1.QuietPeriod(within(name, most).Duration.String())}).Draw(t, name+" or Auto")
	}
	sync := &policy.Spec.Sync
	if often("early") {
		sync.QuietPeriod = quiet("quiet", all)
		sync.LeaveGrace = rapid.SampledFrom([]*metav1.Duration{nil, {}, within("leaveGrace", all)}).Draw(t, "leave")
		sync.MinSyncWithin = within("minSyncWithin", all)
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "classes") {
		c := v1alpha1.ClassSpec{Name: fmt.Sprint("class-", i), Match: v1alpha1.ClassMatch{MaxDuration: ptr.To(duration("maxDuration", time.Nanosecond, 24*time.Hour))}}
		if often("ids") {
			c.Match = v1alpha1.ClassMatch{CourseIDs: []v1alpha1.MatchedID{"c*"}, ModuleIDs: []v1alpha1.MatchedID{"*", "$(POD)"}, LessonIDs: []v1alpha1.MatchedID{"é"}}
		}
		interval := all
		if often("class's interval") {
			c.Interval = within("interval", 24*time.Hour)
			interval = c.Interval.Duration
		}
		if often("class's own") {
			c.QuietPeriod, c.FlushOnComplete = ptr.To(quiet("class's quiet", interval)), ptr.To(often("flush"))
		}
		sync.Classes = append(sync.Classes, c)
	}
	if often("adaptive") {
		sync.Adaptive = &v1alpha1.AdaptiveSpec{
			Mode:        rapid.SampledFrom([]v1alpha1.AdaptiveMode{v1alpha1.AdaptiveOff, v1alpha1.AdaptiveObserve}).Draw(t, "mode"),
			MinInterval: within("minInterval", all), MaxInterval: ptr.To(duration("maxInterval", all, 24*time.Hour)),
			TargetLatency: ptr.To(duration("targetLatency", time.Millisecond, time.Minute)),
		}
	}
	if often("variants") {
		policy.Spec.Variants = &v1alpha1.VariantsSpec{Seed: rapid.SampledFrom([]string{"s", "$(X)", strings.Repeat("é", 64)}).Draw(t, "seed")}
		for i := range rapid.IntRange(2, 4).Draw(t, "arms") {
			arm := v1alpha1.ArmSpec{Name: fmt.Sprint("arm-", i), Weight: number("weight", 1, 1000)}
			if often("arm's own") {
				arm.Sync.Interval = within("arm's interval", 24*time.Hour)
				arm.Sync.QuietPeriod = ptr.To(quiet("arm's quiet", arm.Sync.Interval.Duration))
				arm.Sync.LeaveGrace = within("arm's leaveGrace", arm.Sync.Interval.Duration)
				arm.Sync.FlushOnComplete = ptr.To(false)
			}
			policy.Spec.Variants.Arms = append(policy.Spec.Variants.Arms, arm)
		}
	}
}

// A policy of before has none of the settings, and the sidecars of before must find
// none that they do not know.
func TestTheFileOfAPolicyWithoutClassesIsThatOfBefore(t *testing.T) {
	policy := lms().With(func(p *v1alpha1.ProgressSyncPolicy) {
		p.Spec.Sync.Adaptive = &v1alpha1.AdaptiveSpec{Mode: v1alpha1.AdaptiveOff, TargetLatency: &metav1.Duration{Duration: time.Second}}
	}).Build()
	for name, text := range map[string]func(config.Config) (string, error){"file": File, "variable": Variable} {
		got, err := text(Of(policy, 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, setting := range []string{"leaveGrace", "minSyncWithin", "classes", "adaptive", "variants", "quietPeriod"} {
			if strings.Contains(got, setting) {
				t.Errorf("%s is in the %s:\n%s", setting, name, got)
			}
		}
	}
}

func TestClassesAndArmsGetToTheSidecar(t *testing.T) {
	policy := lms().With(func(p *v1alpha1.ProgressSyncPolicy) {
		p.Spec.Sync.QuietPeriod = v1alpha1.QuietPeriodAuto
		p.Spec.Sync.LeaveGrace = &metav1.Duration{}
		p.Spec.Sync.Classes = []v1alpha1.ClassSpec{
			{Name: "exam", Match: v1alpha1.ClassMatch{LessonIDs: []v1alpha1.MatchedID{"exam-*"}}, Interval: &metav1.Duration{Duration: 30 * time.Second}},
			{Name: "short", Match: v1alpha1.ClassMatch{MaxDuration: &metav1.Duration{Duration: 5 * time.Minute}}, QuietPeriod: ptr.To[v1alpha1.QuietPeriod]("0s")},
		}
		p.Spec.Variants = &v1alpha1.VariantsSpec{Seed: "spring", Arms: []v1alpha1.ArmSpec{
			{Name: "usual", Weight: 3}, {Name: "slow", Weight: 1, Sync: v1alpha1.ArmSyncSpec{Interval: &metav1.Duration{Duration: 5 * time.Minute}}},
		}}
	}).Build()
	got := Of(policy, 0)
	want := config.Default()
	want.Policy = got.Policy
	want.Sync.QuietPeriod, want.Sync.LeaveGrace = config.QuietPeriod{Auto: true}, 0
	want.Sync.Classes = []config.Class{
		{Name: "exam", Match: config.ClassMatch{LessonIDs: []string{"exam-*"}}, Interval: ptr.To(config.Duration(30 * time.Second))},
		{Name: "short", Match: config.ClassMatch{MaxDuration: config.Duration(5 * time.Minute)}, QuietPeriod: &config.QuietPeriod{}},
	}
	want.Variants = config.Variants{Seed: "spring", Arms: []config.Arm{
		{Name: "usual", Weight: 3}, {Name: "slow", Weight: 1, Sync: config.ArmSync{Interval: ptr.To(config.Duration(5 * time.Minute))}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
