package injection

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestTemplateHash(t *testing.T) {
	base := TemplateHash(lmsPolicy().Build(), options)
	same := map[string]string{
		"the interval is hot":                TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Sync.Interval.Duration = time.Second }).Build(), options),
		"an older API server knows no order": TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Injection.Order = "" }).Build(), options),
		"the operator's own runAs is said":   TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Injection.RunAs = v1alpha1.RunAsAuto }).Build(), options),
		"what the settings forbid is hot":    TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Ingest.UserHeader = "X-Progress-User" }).Build(), options),
		"as is whether there are peers":      TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Peers.Mode = v1alpha1.PeersOff }).Build(), options),
		"as is the selector":                 TemplateHash(lmsPolicy().Selects("tier", "web").Build(), options),
	}
	for name, hash := range same {
		if hash != base {
			t.Errorf("%s: the hash changed", name)
		}
	}
	other := map[string]string{
		"order":  TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Injection.Order = v1alpha1.OrderLast }).Build(), options),
		"user":   TemplateHash(lmsPolicy().Build(), Options{Image: options.Image, RunAs: v1alpha1.RunAsFixed}),
		"image":  TemplateHash(lmsPolicy().Build(), Options{Image: "next"}),
		"port":   TemplateHash(lmsPolicy().Port(9000).Build(), options),
		"peers":  TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Peers.Port = 9799 }).Build(), options),
		"secret": TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Database.SecretRef.Name = "b" }).Build(), options),
		"claim":  TemplateHash(onClaim("lms-spools").Build(), options),
		"spool":  TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.SizeLimit = resource.MustParse("2Gi") }).Build(), options),
	}
	for name, hash := range other {
		if hash == base {
			t.Errorf("another %s does not change the hash", name)
		}
	}
	claim := TemplateHash(onClaim("lms-spools").Build(), options)
	if claim == TemplateHash(onClaim("other").Build(), options) {
		t.Error("another claim does not change the hash")
	}
	larger := onClaim("lms-spools").With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.SizeLimit = resource.MustParse("2Gi") })
	if claim != TemplateHash(larger.Build(), options) {
		t.Error("the size limit on a claim is hot, and changes the hash")
	}
}

// TestAPodsOwnWaysDoNotMakeItOutdated: the reconciler knows neither pod nor
// namespace when it compares, and would call for restarts for ever.
func TestAPodsOwnWaysDoNotMakeItOutdated(t *testing.T) {
	base := TemplateHash(lmsPolicy().Build(), options)
	tight := corev1.LimitRange{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer, Min: list("cpu", "100m")}}}}
	for name, c := range map[string]struct {
		pod          *fixture.Pod
		surroundings Surroundings
	}{
		"its grace period":                   {lmsPod().GracePeriod(time.Hour), usual()},
		"its order":                          {lmsPod().Annotation(AnnotationOrder, "last"), usual()},
		"its native sidecars":                {lmsPod().NativeSidecar("proxy"), usual()},
		"its own limits":                     {lmsPod().Limits(list("cpu", "1")), usual()},
		"a user that the namespace assigns":  {lmsPod(), Surroundings{StorageCounted: true, AssignsUsers: true}},
		"a port that it has for itself":      {lmsPod().Listens(9788), usual()},
		"a LimitRange":                       {lmsPod(), Surroundings{StorageCounted: true, LimitRanges: []corev1.LimitRange{tight}}},
		"a ConfigMap of its own environment": {lmsPod(), Surroundings{StorageCounted: true, ConfigMaps: map[string]map[string]string{"env": {URLVariable: "x"}}}},
	} {
		pod, _ := Inject(c.pod.Build(), lmsPolicy().Build(), options, c.surroundings)
		if got := pod.Annotations[AnnotationTemplateHash]; got != base {
			t.Errorf("%s changes the hash: %s, want %s", name, got, base)
		}
	}
}
