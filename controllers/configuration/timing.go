package configuration

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/config"
)

// syncOf is when, and in what portions, records are written.
func syncOf(spec v1alpha1.SyncSpec) config.Sync {
	out := config.Default().Sync
	out.Interval = config.Duration(spec.Interval.Duration)
	out.QuietPeriod = quiet(spec.QuietPeriod)
	out.LeaveGrace = ptr.Deref(duration(spec.LeaveGrace), out.LeaveGrace)
	out.MinSyncWithin = ptr.Deref(duration(spec.MinSyncWithin), out.MinSyncWithin)
	for i := range spec.Classes {
		out.Classes = append(out.Classes, class(&spec.Classes[i]))
	}
	out.Adaptive = adaptive(spec.Adaptive)
	out.BatchSize = int(spec.BatchSize)
	out.FlushOnComplete = ptr.Deref(spec.FlushOnComplete, out.FlushOnComplete)
	out.CompletionThresholdPercent = float64(spec.CompletionThresholdPercent)
	if spec.CompletionBy == v1alpha1.CompletionByWatched { // Percentage is not in the file
		out.CompletionBy = config.CompletionByWatched
	}
	return out
}

func class(spec *v1alpha1.ClassSpec) config.Class {
	return config.Class{
		Name: spec.Name,
		Match: config.ClassMatch{
			MinDuration: ptr.Deref(duration(spec.Match.MinDuration), 0),
			MaxDuration: ptr.Deref(duration(spec.Match.MaxDuration), 0),
			CourseIDs:   ids(spec.Match.CourseIDs), ModuleIDs: ids(spec.Match.ModuleIDs), LessonIDs: ids(spec.Match.LessonIDs),
		},
		Interval: duration(spec.Interval), QuietPeriod: ownQuiet(spec.QuietPeriod), FlushOnComplete: spec.FlushOnComplete,
	}
}

// adaptive is empty where it is off, so that nothing of it is in the file.
func adaptive(spec *v1alpha1.AdaptiveSpec) config.Adaptive {
	if spec == nil || spec.Mode == "" || spec.Mode == v1alpha1.AdaptiveOff {
		return config.Adaptive{}
	}
	return config.Adaptive{
		Mode:          config.AdaptiveMode(spec.Mode),
		MinInterval:   ptr.Deref(duration(spec.MinInterval), 0),
		MaxInterval:   ptr.Deref(duration(spec.MaxInterval), 0),
		TargetLatency: ptr.Deref(duration(spec.TargetLatency), 0),
	}
}

func variants(spec *v1alpha1.VariantsSpec) config.Variants {
	if spec == nil {
		return config.Variants{}
	}
	out := config.Variants{Seed: spec.Seed}
	for i := range spec.Arms {
		arm := &spec.Arms[i]
		out.Arms = append(out.Arms, config.Arm{
			Name: arm.Name, Weight: int(arm.Weight),
			Sync: config.ArmSync{
				Interval: duration(arm.Sync.Interval), QuietPeriod: ownQuiet(arm.Sync.QuietPeriod),
				FlushOnComplete: arm.Sync.FlushOnComplete, LeaveGrace: duration(arm.Sync.LeaveGrace),
			},
		})
	}
	return out
}

// quiet period in the words of the file; none for what the API server does not
// admit.
func quiet(text v1alpha1.QuietPeriod) config.QuietPeriod {
	if text == v1alpha1.QuietPeriodAuto {
		return config.QuietPeriod{Auto: true}
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return config.QuietPeriod{}
	}
	return config.QuietPeriod{Fixed: config.Duration(d)}
}

func ownQuiet(text *v1alpha1.QuietPeriod) *config.QuietPeriod {
	if text == nil {
		return nil
	}
	return ptr.To(quiet(*text))
}

func duration(d *metav1.Duration) *config.Duration {
	if d == nil {
		return nil
	}
	return ptr.To(config.Duration(d.Duration))
}

func ids(of []v1alpha1.MatchedID) []string {
	var out []string
	for _, id := range of {
		out = append(out, string(id))
	}
	return out
}
