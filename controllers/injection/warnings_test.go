package injection

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestShortGracePeriodWarns(t *testing.T) {
	for grace, want := range map[time.Duration]int{0: 1, 9 * time.Second: 1, 10 * time.Second: 0, time.Minute: 0} {
		_, result := Inject(lmsPod().GracePeriod(grace).Build(), lmsPolicy().Build(), options, usual())
		if len(result.Warnings) != want {
			t.Errorf("a grace period of %s gives warnings %q, want %d", grace, result.Warnings, want)
		}
	}
}

func TestWarningsOnAClaim(t *testing.T) {
	grouped := func(p *corev1.Pod) { p.Spec.SecurityContext = &corev1.PodSecurityContext{FSGroup: ptr.To[int64](1000)} }
	cases := map[string]struct {
		pod    *fixture.Pod
		policy *fixture.Policy
		in     Surroundings
		says   []string
	}{
		"a pod without a group hears of it":          {lmsPod(), onClaim("spools"), usual(), []string{"fsGroup: 65532"}},
		"one whose user is assigned, too":            {lmsPod(), onClaim("spools"), Surroundings{StorageCounted: true, AssignsUsers: true}, []string{"a group that the namespace allows"}},
		"any group will do":                          {lmsPod().With(grouped), onClaim("spools"), usual(), nil},
		"a volume of the pod's own needs no group":   {lmsPod(), lmsPolicy(), usual(), nil},
		"a short grace period loses nothing there":   {lmsPod().With(grouped).GracePeriod(time.Second), onClaim("spools"), usual(), []string{"until another pod writes them"}},
		"a short grace period may lose it elsewhere": {lmsPod().GracePeriod(time.Second), lmsPolicy(), usual(), []string{"goes with the pod"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, result := Inject(c.pod.Build(), c.policy.Build(), options, c.in)
			if len(result.Warnings) != len(c.says) {
				t.Fatalf("got %q", result.Warnings)
			}
			for i, want := range c.says {
				if !strings.Contains(result.Warnings[i], want) {
					t.Errorf("%q does not say %q", result.Warnings[i], want)
				}
			}
		})
	}
}
