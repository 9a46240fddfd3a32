package injection_test

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// The sidecar starts before the app, which is told the sidecar's URL. The pod that
// comes out can be given to Inject again, as the API server does when others
// have changed it.
func ExampleInject() {
	policy := fixture.NewPolicy("campus", "lms").Build()
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "migrate"}},
		Containers:     []corev1.Container{{Name: "app"}},
	}}
	options := injection.Options{Image: "ghcr.io/progress-sync/sidecar:0.1.0"}

	out, result := injection.Inject(pod, policy, options, injection.Surroundings{})
	fmt.Println(result.Outcome)
	for _, c := range out.Spec.InitContainers {
		fmt.Println("before the app:", c.Name)
	}
	for _, v := range out.Spec.Containers[0].Env {
		fmt.Printf("%s has %s=%s\n", out.Spec.Containers[0].Name, v.Name, v.Value)
	}
	_, again := injection.Inject(out, policy, options, injection.Surroundings{})
	fmt.Println(again.Outcome)

	// Output:
	// injected
	// before the app: progress-sync
	// before the app: migrate
	// app has PROGRESS_SYNC_URL=http://127.0.0.1:8787
	// already_injected
}
