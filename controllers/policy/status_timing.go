package policy

import (
	"fmt"
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	"github.com/progress-sync/progress-sync/sidecar/config"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
)

// syncStatus tells how the writes go, nil until one was attempted. Nothing of it
// changes by waiting.
func syncStatus(s sidecarstatus.Summary) *v1alpha1.SyncStatus {
	a, written := s.Attempts, s.Updates.Transactions
	if a.All == 0 {
		return nil
	}
	// A failure must not be rounded away.
	failed := math.Ceil(1000*float64(a.Failed)/float64(a.All)) / 10
	out := &v1alpha1.SyncStatus{
		SyncFrequency: fmt.Sprintf("%.1f", a.PerMinute),
		SuccessRate:   fmt.Sprintf("%.1f%%", 100-failed),
		ErrorRate:     fmt.Sprintf("%.1f%%", failed),
	}
	if written > 0 {
		out.AverageRetries = fmt.Sprintf("%.2f", float64(s.Updates.Retries)/float64(written))
	}
	if written > 0 && a.RecordsSaved > 0 {
		out.AverageBatchSize = fmt.Sprintf("%.1f", float64(a.RecordsSaved)/float64(written))
	}
	return out
}

// classStatuses are those of the policy's classes, none while no sidecar names one.
func classStatuses(f *facts) []v1alpha1.ClassStatus {
	if len(f.sidecars.Classes) == 0 {
		return nil
	}
	before := map[string]*metav1.Time{}
	for _, c := range f.policy.Status.Classes {
		before[c.Name] = c.OldestPendingTime
	}
	var out []v1alpha1.ClassStatus
	add := func(name string) {
		c := f.sidecars.Classes[name]
		out = append(out, v1alpha1.ClassStatus{
			Name: name, Interval: inUse(c.Interval), Pending: c.Pending, OldestPendingTime: steady(before[name], c.Oldest),
			Saved: c.Saved, SaveLagP95: within(c.SaveLag, .95),
		})
	}
	for i := range f.policy.Spec.Sync.Classes {
		add(f.policy.Spec.Sync.Classes[i].Name)
	}
	add(config.DefaultClass)
	return out
}

// variantStatuses are those of the policy's arms, none while no sidecar names one.
func variantStatuses(f *facts) []v1alpha1.VariantStatus {
	if f.policy.Spec.Variants == nil || len(f.sidecars.Variants) == 0 {
		return nil
	}
	var out []v1alpha1.VariantStatus
	for _, arm := range f.policy.Spec.Variants.Arms {
		v := f.sidecars.Variants[arm.Name]
		out = append(out, v1alpha1.VariantStatus{
			Name: arm.Name, Weight: arm.Weight, Learners: v.Learners, Updates: v.Updates, RowsWritten: v.RowsWritten,
			WriteReduction: v.WriteReduction(),
			SaveLagP50:     within(v.SaveLag, .5), SaveLagP95: within(v.SaveLag, .95),
			FinalLagP50: within(v.FinalLag, .5), FinalLagP95: within(v.FinalLag, .95),
		})
	}
	return out
}

// sampleRatio of the policy's arms, nil while there are too few learners to tell.
func sampleRatio(f *facts) *v1alpha1.SampleRatioStatus {
	if f.policy.Spec.Variants == nil {
		return nil
	}
	var learners, weights []int64
	for _, arm := range f.policy.Spec.Variants.Arms {
		v := f.sidecars.Variants[arm.Name]
		n := v.Learners
		if f.policy.Spec.Peers.Mode == v1alpha1.PeersOff {
			n = v.MostLearners // a learner counted by several sidecars is no further draw
		}
		learners, weights = append(learners, n), append(weights, int64(arm.Weight))
	}
	ratio, told := sidecarstatus.SampleRatioOf(learners, weights)
	if !told {
		return nil
	}
	return &v1alpha1.SampleRatioStatus{Mismatch: ratio.Mismatch, PValue: fmt.Sprintf("%.2g", ratio.PValue)}
}

// adaptiveStatus is nil while no sidecar tells of a factor.
func adaptiveStatus(f *facts) *v1alpha1.AdaptiveStatus {
	a, spec := f.sidecars.Adaptive, f.policy.Spec.Sync.Adaptive
	if a.Sidecars == 0 || spec == nil || spec.Mode == v1alpha1.AdaptiveOff || spec.Mode == "" {
		return nil
	}
	return &v1alpha1.AdaptiveStatus{
		Mode: spec.Mode, MinFactor: fmt.Sprintf("%.1f", a.MinFactor), MaxFactor: fmt.Sprintf("%.1f", a.MaxFactor),
	}
}

// inUse is an interval in steps that a factor which barely moves does not take.
func inUse(interval time.Duration) string {
	switch {
	case interval == 0:
		return ""
	case interval > time.Minute:
		interval = interval.Round(5 * time.Second)
	case interval > time.Second:
		interval = interval.Round(time.Second)
	}
	return interval.String()
}

// within is what a share of the records took at most, empty without records.
func within(lag sidecar.Lag, share float64) string {
	if lag.Records() == 0 {
		return ""
	}
	return time.Duration(lag.Within(share) * float64(time.Second)).String()
}
