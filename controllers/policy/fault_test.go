package policy

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// restarted makes a sidecar have ended so often, last for a reason and so long
// before noon.
func restarted(pod *fixture.Pod, times int32, reason string, ago time.Duration) *fixture.Pod {
	return pod.With(func(p *corev1.Pod) {
		s := &p.Status.InitContainerStatuses[0]
		s.RestartCount = times
		s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
			Reason: reason, ExitCode: 2, FinishedAt: metav1.NewTime(noon.Add(-ago)), Message: "said by ada@example.org",
		}
	})
}

// A sidecar that does not run must not read as ready, nor one that starts as
// failed.
func TestFaultOfASidecar(t *testing.T) {
	looping := func(reason string) *fixture.Pod {
		return restarted(waitingFor("CrashLoopBackOff", "back-off 10s restarting failed container"), 2, reason, time.Second)
	}
	onClaim := func(said string) *fixture.Pod {
		policy := lms().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.ClaimName = "nowhere" })
		return injected(bare("lms-3"), policy).With(func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{
				{Type: corev1.PodReady, Status: corev1.ConditionFalse, Message: `persistentvolumeclaim "nowhere" not found`},
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: said},
			}
		})
	}
	cases := map[string]struct {
		pod    *fixture.Pod
		reason string
		says   string
	}{
		"runs":                            {running("a", "10.0.0.1"), "", ""},
		"the kubelet has said nothing":    {injected(bare("a"), lms()), "", ""},
		"waits for others":                {waitingFor("PodInitializing", ""), "", ""},
		"is being created":                {waitingFor("ContainerCreating", ""), "", ""},
		"image cannot be pulled":          {waitingFor("ErrImagePull", "registry.invalid: no such host"), "ImageUnavailable", "no such host"},
		"pulling it is paused":            {waitingFor("ImagePullBackOff", "Back-off pulling image"), "ImageUnavailable", ""},
		"the image is no image":           {waitingFor("InvalidImageName", "UPPER CASE/x"), "ImageUnavailable", "UPPER CASE/x"},
		"the image may not be pulled":     {waitingFor("ErrImageNeverPull", ""), "ImageUnavailable", ""},
		"configuration of the container":  {waitingFor("CreateContainerConfigError", "non-numeric user"), "ContainerRefused", "non-numeric user"},
		"container cannot be created":     {waitingFor("CreateContainerError", ""), "ContainerRefused", ""},
		"container cannot be started":     {waitingFor("RunContainerError", `exec: "/sidecar": no such file`), "ContainerRefused", "no such file"},
		"memory ends before its start":    {waitingFor("RunContainerError", "container init was OOM-killed (memory limit too low?)"), "OutOfMemory", ""},
		"crashes":                         {looping("Error"), "CrashLoop", "exit code 2"},
		"crashes for want of memory":      {looping("OOMKilled"), "OutOfMemory", ""},
		"crashes before its program runs": {looping("StartError"), "ContainerRefused", "said by"},
		"crashed in a way unknown":        {waitingFor("CrashLoopBackOff", ""), "CrashLoop", ""},
		"runs between two crashes":        {restarted(running("a", "10.0.0.1"), 3, "Error", 9*time.Minute), "CrashLoop", ""},
		"is ended between two crashes": {restarted(running("a", "10.0.0.1"), 3, "Error", time.Hour).With(func(p *corev1.Pod) {
			p.Status.InitContainerStatuses[0].State.Terminated = &corev1.ContainerStateTerminated{Reason: "OOMKilled", FinishedAt: metav1.NewTime(noon)}
		}), "OutOfMemory", ""},
		"crashed long ago":                 {restarted(running("a", "10.0.0.1"), 30, "Error", crashWindow), "", ""},
		"crashed once":                     {restarted(running("a", "10.0.0.1"), 1, "OOMKilled", time.Second), "", ""},
		"the claim does not exist":         {onClaim(`0/1 nodes are available: persistentvolumeclaim "nowhere" not found. preemption: 0/1`), "VolumeMissing", "nowhere"},
		"another claim does not exist":     {onClaim(`0/1 nodes are available: persistentvolumeclaim "nowhere-else" not found`), "", ""},
		"there is no room on any node":     {onClaim("0/1 nodes are available: 1 Insufficient cpu"), "", ""},
		"a pod without a claim waits long": {injected(bare("a"), lms()), "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for what, pod := range map[string]*corev1.Pod{"whole": c.pod.Build(), "stripped": strip(t, c.pod.Build())} {
				got := faultOf(pod, noon)
				switch {
				case c.reason == "" && got != nil:
					t.Errorf("%s: %+v", what, got)
				case c.reason != "" && (got == nil || got.reason != c.reason || !strings.Contains(got.said, c.says)):
					t.Errorf("%s: %+v", what, got)
				}
			}
		})
	}
}

func TestRemediesSayWhatToDo(t *testing.T) {
	pod := injected(bare("lms-3"), lms()).With(func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: injection.VolumeSpool, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "nowhere"},
		}}}
	}).Build()
	for reason, says := range map[string]string{
		"ImageUnavailable": "the operator's sidecar image", "OutOfMemory": "limits.memory", "ContainerRefused": "correct what is named",
		"VolumeMissing": "create claim nowhere in namespace campus", "CrashLoop": "kubectl -n campus logs lms-3 -c progress-sync --previous",
	} {
		if text := remedy(reason, pod, lms().Build()); !strings.Contains(text, says) {
			t.Errorf("%s: %s", reason, text)
		}
	}
}

// What a program prints at its end is not repeated, and a kubelet's words are
// kept short.
func TestStripPodKeepsOfStatesWhatIsNeeded(t *testing.T) {
	pod := restarted(waitingFor("ErrImagePull", strings.Repeat("x", 5000)), 1, "Error", time.Second).With(func(p *corev1.Pod) {
		p.Status.InitContainerStatuses[0].State.Terminated = &corev1.ContainerStateTerminated{Message: strings.Repeat("y", 4096), ContainerID: "x"}
		p.Status.InitContainerStatuses[0].ImageID = "x"
	})
	got := strip(t, pod.Build()).Status.InitContainerStatuses[0]
	if n := len(got.State.Waiting.Message); n != maxSaid {
		t.Errorf("%d bytes of why it waits", n)
	}
	if got.LastTerminationState.Terminated.Message != "" {
		t.Errorf("its words before: %q", got.LastTerminationState.Terminated.Message)
	}
	if n := len(got.State.Terminated.Message); n != 4096 || got.State.Terminated.ContainerID != "" || got.ImageID != "" {
		t.Errorf("%d bytes of its words at the end, %+v", n, got)
	}
}
