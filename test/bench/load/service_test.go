package load

import "testing"

// A load that goes elsewhere than it says would compare handing on with itself.
func TestAServiceChoosesThePodOfEachRequest(t *testing.T) {
	pods := []string{"a", "b", "c", "d"}
	own := func(learner int) int { return learner % len(pods) }
	for name, c := range map[string]struct {
		service Service
		want    func(pod, learner int) bool
		reached int
	}{
		"the only pod has all requests":                          {Pod("a"), func(pod, _ int) bool { return pod == 0 }, 1},
		"any pod has requests of any learner":                    {AnyPod(pods), func(int, int) bool { return true }, 4},
		"a learner with a pod stays there":                       {PodOf(pods, own), func(pod, learner int) bool { return pod == own(learner) }, 1},
		"a learner who is kept away from a pod goes to the rest": {NotPodOf(pods, own), func(pod, learner int) bool { return pod != own(learner) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			const learner = 2
			counts := map[int]int{}
			for request := range 4000 {
				pod := c.service.pod(request, learner)
				counts[pod]++
				if !c.want(pod, learner) {
					t.Fatalf("request %d went to pod %d", request, pod)
				}
			}
			if len(counts) != c.reached {
				t.Errorf("the learner's requests reached %v", counts)
			}
			for pod, n := range counts {
				if even := 4000 / c.reached; n < even*8/10 || n > even*12/10 {
					t.Errorf("pod %d had %d of 4000 requests", pod, n)
				}
			}
		})
	}
}
