package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
)

// When a sidecar that runs counts as one in a crash loop.
const (
	// crashes since the pod's start.
	crashes = 3
	// crashWindow in which the last of them was. The kubelet waits up to 5
	// minutes before it starts a container again, and starts anew with short
	// pauses after one has run for 10.
	crashWindow = 10 * time.Minute
)

// startPatience with a pod that starts. A volume that cannot be mounted shows
// in no other way than by time: the kubelet tells of it in events alone.
const startPatience = 3 * time.Minute

// fault keeps a sidecar from running.
type fault struct {
	// reason as in the condition SidecarsReady, and what the kubelet or the
	// scheduler says.
	reason, said string
}

// faultOf a pod's sidecar, nil if it runs, or may be about to.
func faultOf(pod *corev1.Pod, now time.Time) *fault {
	s := sidecarStatus(pod)
	if waiting := s.State.Waiting; waiting != nil {
		said := waiting.Reason + ": " + waiting.Message
		switch waiting.Reason {
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
			return &fault{v1alpha1.ReasonImageUnavailable, said}
		case "RunContainerError":
			return startRefused(said)
		case "CreateContainerConfigError", "CreateContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError":
			return &fault{v1alpha1.ReasonContainerRefused, said}
		case "CrashLoopBackOff":
			return crashed(s.LastTerminationState.Terminated)
		}
	}
	last := s.State.Terminated
	if last == nil {
		last = s.LastTerminationState.Terminated
	}
	if s.RestartCount >= crashes && last != nil && now.Sub(last.FinishedAt.Time) < crashWindow {
		return crashed(last)
	}
	return volumeMissing(pod)
}

// crashed is the fault of a container that has ended as its last run did.
func crashed(last *corev1.ContainerStateTerminated) *fault {
	switch {
	case last == nil:
		return &fault{v1alpha1.ReasonCrashLoop, "it ends again and again"}
	case last.Reason == "OOMKilled":
		return &fault{v1alpha1.ReasonOutOfMemory, "OOMKilled"}
	case neverRan(last):
		return startRefused(last.Reason + ": " + last.Message)
	default:
		return &fault{v1alpha1.ReasonCrashLoop, fmt.Sprintf("it ends again and again, last with exit code %d", last.ExitCode)}
	}
}

// neverRan says whether a container ended before its program began. Its message
// is the runtime's then, and not the program's.
func neverRan(last *corev1.ContainerStateTerminated) bool {
	return last.Reason == "StartError" || last.Reason == "ContainerCannotRun"
}

// startRefused by the runtime. It may have met the memory limit before there was
// a program to kill.
func startRefused(said string) *fault {
	if strings.Contains(said, "OOM-killed") {
		return &fault{v1alpha1.ReasonOutOfMemory, said}
	}
	return &fault{v1alpha1.ReasonContainerRefused, said}
}

// volumeMissing if the scheduler names the spool's claim.
func volumeMissing(pod *corev1.Pod) *fault {
	claim, said := injection.SpoolClaim(pod), unscheduled(pod)
	if claim == "" || !strings.Contains(said, fmt.Sprintf("persistentvolumeclaim %q", claim)) {
		return nil
	}
	return &fault{v1alpha1.ReasonVolumeMissing, said}
}

// unscheduled is why the scheduler finds no node, empty if it found one.
func unscheduled(pod *corev1.Pod) string {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Message
		}
	}
	return ""
}

// isLate says whether a pod has been starting for long.
func isLate(pod *corev1.Pod, now time.Time) bool {
	return now.Sub(pod.CreationTimestamp.Time) > startPatience
}

// waitsFor is what is known of a pod that starts.
func waitsFor(pod *corev1.Pod) string {
	if said := unscheduled(pod); said != "" {
		return said
	}
	if waiting := sidecarStatus(pod).State.Waiting; waiting != nil && waiting.Reason != "" {
		return strings.TrimSuffix(waiting.Reason+": "+waiting.Message, ": ")
	}
	return "phase " + string(pod.Status.Phase)
}

// faults of several pods, by reason.
type faults []faultGroup

// faultGroup of pods with one reason: how many, and one of them.
type faultGroup struct {
	fault
	pods int32
	pod  *corev1.Pod
}

// add a pod; the one of the first name stands for the others.
func (f *faults) add(pod *corev1.Pod, found *fault) {
	for i := range *f {
		group := &(*f)[i]
		if group.reason != found.reason {
			continue
		}
		group.pods++
		if pod.Name < group.pod.Name {
			group.pod, group.said = pod, found.said
		}
		return
	}
	*f = append(*f, faultGroup{*found, 1, pod})
}

// sort the reason of most pods first.
func (f faults) sort() {
	slices.SortFunc(f, func(a, b faultGroup) int {
		return cmp.Or(-cmp.Compare(a.pods, b.pods), cmp.Compare(a.reason, b.reason))
	})
}
