//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/control"
	"github.com/progress-sync/progress-sync/test/lms/player"
)

// appPort is where pods of the LMS take what learners of other pods write and read.
const appPort = 8090

// heartbeat of learners who write to the Service.
const heartbeat = 100 * time.Millisecond

// service is an LMS of several pods behind a Service without affinity, and a pod of
// learners: each of their requests goes to any pod of the LMS.
type service struct {
	*campus
	deployment *appsv1.Deployment
	learners   string
}

func (c *campus) openService(replicas int32) *service {
	c.t.Helper()
	s := &service{campus: c, learners: "learners"}
	s.deployment = c.deployment(replicas, func(p *corev1.Pod) {
		// Whoever comes while the Service still names a pod that ends is let in.
		p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env,
			corev1.EnvVar{Name: "APP_LISTEN", Value: fmt.Sprintf(":%d", appPort)}, corev1.EnvVar{Name: "LINGER", Value: "2s"})
	})
	front := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "lms"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": policyName},
			Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(appPort)}},
		},
	}
	for _, object := range []client.Object{front, s.deployment} {
		if err := c.client.Create(c.t.Context(), object); err != nil {
			c.t.Fatal(err)
		}
	}
	c.start(c.lmsPod(s.learners, func(p *corev1.Pod) {
		p.Labels = map[string]string{"app": "learners"}
		p.Spec.Containers[0].Env = append(p.Spec.Containers[0].Env,
			corev1.EnvVar{Name: "LMS_URL", Value: "http://" + net.JoinHostPort(front.Spec.ClusterIP, "80")})
	}))
	s.peered(replicas)
	return s
}

// peered waits until so many pods are ready, no others are there, and the policy says
// that their sidecars are peers.
func (s *service) peered(replicas int32) {
	s.t.Helper()
	s.replaced(replicas)
	s.eventuallyPolicy("all sidecars are peers", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			want("the number of injected pods", p.Status.Sidecars.Injected, replicas),
			want("the number of peers", p.Status.Sidecars.Peered, replicas),
			condition(p, v1alpha1.ConditionPeered, metav1.ConditionTrue, v1alpha1.ReasonPeered),
		)
	})
	for _, pod := range s.names() {
		kit.EventuallyWithin(s.t, patience, "the sidecar of "+pod+" knows all others", func() error {
			document, err := s.sidecar(pod)
			if err != nil || document.Peers == nil {
				return errors.Join(err, errors.New("it does not tell of peers"))
			}
			return want("the number of members", document.Peers.Candidates, int(replicas))
		})
	}
}

// replaced waits until the Deployment's pods are those of its template, so many of
// them, and all others are gone, with their drains.
func (s *service) replaced(replicas int32) {
	s.t.Helper()
	kit.EventuallyWithin(s.t, patience, "the pods are replaced", func() error {
		if err := s.client.Get(s.t.Context(), client.ObjectKeyFromObject(s.deployment), s.deployment); err != nil {
			return err
		}
		var all corev1.PodList
		if err := s.client.List(s.t.Context(), &all, client.InNamespace(s.namespace), client.MatchingLabels{"app": policyName}); err != nil {
			return err
		}
		status := s.deployment.Status
		return errors.Join(
			want("the generation that the Deployment's controller has seen", status.ObservedGeneration, s.deployment.Generation),
			want("the number of pods of the template", status.UpdatedReplicas, replicas),
			want("the number of ready pods", status.ReadyReplicas, replicas),
			want("the number of pods", len(all.Items), int(replicas)),
		)
	})
}

// change changes the Deployment and returns before its pods follow.
func (s *service) change(change func(*appsv1.DeploymentSpec)) {
	s.t.Helper()
	changed := s.deployment.DeepCopy()
	change(&changed.Spec)
	if err := s.client.Patch(s.t.Context(), changed, client.MergeFrom(s.deployment)); err != nil {
		s.t.Fatal(err)
	}
	s.deployment = changed
}

func (s *service) scale(replicas int32) {
	s.t.Helper()
	s.change(func(spec *appsv1.DeploymentSpec) { spec.Replicas = ptr.To(replicas) })
}

// names of the LMS's pods.
func (s *service) names() []string {
	s.t.Helper()
	pods, err := s.pods()
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for i := range pods {
		names = append(names, pods[i].Name)
	}
	return names
}

// watch lets learners watch lessons that never end, and open a page again after each
// fifth update.
func (s *service) watch(count int, eventIDs bool) {
	s.t.Helper()
	endless := player.Syllabus{Heartbeat: 1, ShortestLesson: 1e6, LongestLesson: 1e6, Seek: 0.02, Pause: 0.01}
	err := s.lms(s.learners).Start(s.t.Context(), control.Start{
		Pace: classroom.Pace{
			Syllabus: endless, Factor: endless.Heartbeat / heartbeat.Seconds(), Reopen: 0.2, EventIDs: eventIDs,
			Arrival: interval.Seconds() * endless.Heartbeat / heartbeat.Seconds(),
		},
		Count: count, Name: "learner", Seed: 1,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// pages that the learners opened again so far.
func (s *service) pages() classroom.Reopened {
	s.t.Helper()
	stats, err := s.stats(s.learners)
	if err != nil {
		s.t.Fatal(err)
	}
	return stats.Reopened
}

// sure returns when no page is stale any more. For some seconds after its start a
// sidecar does not know whether it knows all.
func (s *service) sure() {
	s.t.Helper()
	kit.Eventually(s.t, "the homes to be sure of their learners", func() error {
		pages := s.openedElsewhere(20)
		return kit.Unless(pages.Stale == 0, pages)
	})
}

// openedElsewhere waits until so many more pages were opened again in another pod than
// that of the last update, and returns what all pages meanwhile have shown.
func (s *service) openedElsewhere(more int64) classroom.Reopened {
	s.t.Helper()
	before := s.pages()
	kit.EventuallyWithin(s.t, patience, fmt.Sprintf("%d more pages are opened in another pod", more), func() error {
		if n := s.pages().Elsewhere - before.Elsewhere; n < more {
			return fmt.Errorf("%d were", n)
		}
		return nil
	})
	return s.pages().Since(before)
}

// counts are the sums over the sidecars.
type counts struct{ accepted, rows, handedOn, kept, pending int64 }

func (s *service) counts() (counts, error) {
	var sum counts
	for _, pod := range s.names() {
		document, err := s.sidecar(pod)
		if err != nil {
			return sum, err
		}
		sum.accepted += document.Counters.UpdatesAccepted
		sum.rows += document.Counters.RowsWritten
		sum.pending += document.Sync.PendingUpdates
		if document.Peers == nil {
			return sum, fmt.Errorf("the sidecar of %s does not tell of peers", pod)
		}
		sum.handedOn += document.Peers.HandedOn
		for _, n := range document.Peers.KeptLocally {
			sum.kept += n
		}
	}
	return sum, nil
}

func (s *service) mustCount() counts {
	s.t.Helper()
	sum, err := s.counts()
	if err != nil {
		s.t.Fatal(err)
	}
	return sum
}

// stopAndSaveAll stops the learners and waits until all sidecars have saved what they
// accepted.
func (s *service) stopAndSaveAll() {
	s.t.Helper()
	if _, err := s.lms(s.learners).Stop(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.stats(s.learners); err != nil {
		s.t.Fatal(err)
	}
	kit.EventuallyWithin(s.t, patience, "all that was accepted is saved", func() error {
		sum, err := s.counts()
		if err != nil {
			return err
		}
		return want("the number of updates that are not saved", sum.pending, 0)
	})
}
