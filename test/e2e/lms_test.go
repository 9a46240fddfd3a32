//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/control"
	"github.com/progress-sync/progress-sync/test/lms/player"
)

// lmsPort is where a pod of the LMS is led from.
const lmsPort = 8080

// lmsPod is a pod of the sample LMS under the restricted profile, as its
// makers would write it: it knows nothing of a sidecar.
func (c *campus) lmsPod(name string, changes ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name, Labels: map[string]string{"app": policyName}},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: "lms", Image: lmsImage, ImagePullPolicy: corev1.PullIfNotPresent,
				Env: []corev1.EnvVar{
					{Name: "TRUTH_URL", Value: c.collector},
					{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
				},
				ReadinessProbe: &corev1.Probe{
					ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(lmsPort)}},
					PeriodSeconds: 1,
				},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true),
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
	for _, change := range changes {
		change(pod)
	}
	return pod
}

// start creates a pod and waits until it is ready.
func (c *campus) start(pod *corev1.Pod) *corev1.Pod {
	c.t.Helper()
	if err := c.client.Create(c.t.Context(), pod); err != nil {
		c.t.Fatal(err)
	}
	kit.EventuallyWithin(c.t, patience, "pod "+pod.Name+" is ready", func() error { return c.ready(c.t.Context(), pod) })
	return pod
}

// ready reads the pod again and objects unless it is ready.
func (c *campus) ready(ctx context.Context, pod *corev1.Pod) error {
	if err := c.client.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
		return err
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("pod %s is not ready: %s, %+v", pod.Name, pod.Status.Phase, pod.Status.ContainerStatuses)
}

// lms leads the learners of a pod.
func (c *campus) lms(pod string) *control.Client {
	return control.NewClient(c.podURL(pod, lmsPort), c.proxied)
}

// podURL is where the API server passes requests on to a pod's port.
func (c *campus) podURL(pod string, port int) string {
	return fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s:%d/proxy", c.config.Host, c.namespace, pod, port)
}

// learners start to watch in a pod, with a heartbeat of a fifth of a second
// and lessons that end within the test.
func (c *campus) learners(pod string, count int) {
	c.t.Helper()
	syllabus := player.Usual()
	syllabus.ShortestLesson, syllabus.LongestLesson = 100, 400
	c.study(pod, count, syllabus, 25)
}

func (c *campus) study(pod string, count int, syllabus player.Syllabus, factor float64) {
	c.t.Helper()
	err := c.lms(pod).Start(c.t.Context(), control.Start{
		Pace: classroom.Pace{Syllabus: syllabus, Factor: factor}, Count: count, Name: pod, Seed: uint64(count),
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// acknowledged waits until so many more updates were acknowledged in a pod.
func (c *campus) acknowledged(pod string, more int64) {
	c.t.Helper()
	before := int64(-1)
	kit.EventuallyWithin(c.t, patience, fmt.Sprintf("%d more updates are acknowledged", more), func() error {
		stats, err := c.stats(pod)
		if err != nil {
			return err
		}
		if before < 0 {
			before = stats.Acknowledged
		}
		if stats.Acknowledged < before+more {
			return fmt.Errorf("%d of %d; what else was met: %v", stats.Acknowledged-before, more, stats.Statuses)
		}
		return nil
	})
}

// stats of a pod's learners; a learner who gave up is an error.
func (c *campus) stats(pod string) (classroom.Stats, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	stats, err := c.lms(pod).Stats(ctx)
	if err == nil && stats.Failure != "" {
		err = fmt.Errorf("a learner gave up: %s", stats.Failure)
	}
	return stats, err
}

// stopAndSave stops the learners of pods, and waits until the sidecars have saved all
// that they accepted: what came to one may be kept by another.
func (c *campus) stopAndSave(pods ...string) {
	c.t.Helper()
	for _, pod := range pods {
		if _, err := c.lms(pod).Stop(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		if _, err := c.stats(pod); err != nil {
			c.t.Fatal(err)
		}
	}
	kit.EventuallyWithin(c.t, patience, "all that was accepted is saved", func() error {
		for _, pod := range pods {
			document, err := c.sidecar(pod)
			if err != nil {
				return err
			}
			if err := want("the number of updates that are not saved in "+pod, document.Sync.PendingUpdates, 0); err != nil {
				return err
			}
		}
		return nil
	})
}
