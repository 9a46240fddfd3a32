package injection

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// Refusal is why a pod cannot have a sidecar, in words that say what to do.
type Refusal struct {
	// Reason in one word, such as HostNetwork.
	Reason  string
	Message string
}

// check finds one thing that keeps a pod from having a sidecar.
type check func(*corev1.Pod, *v1alpha1.ProgressSyncPolicy) *Refusal

// Check says why the pod cannot have the policy's sidecar, or nil. It needs of
// the pod only its containers' names and ports, its volumes' names, what OS
// makes of it, and whether it uses the host's network.
func Check(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) *Refusal {
	checks := []check{
		hostNetwork,  // its loopback is the node's: every pod there could write
		windows,      // the sidecar is a Linux program
		nameTaken,    // a pod with two containers of one name is invalid
		volumesTaken, // as is one with two volumes of one name
		portTaken,    // the sidecar or the app would fail to listen
	}
	for _, check := range checks {
		if refusal := check(pod, policy); refusal != nil {
			return refusal
		}
	}
	return nil
}

func hostNetwork(pod *corev1.Pod, _ *v1alpha1.ProgressSyncPolicy) *Refusal {
	if !pod.Spec.HostNetwork {
		return nil
	}
	return &Refusal{"HostNetwork", "it uses the host's network, where the sidecar's write API would be open to the whole node; " +
		"run it without hostNetwork, or opt it out with the annotation " + AnnotationInject + `: "false"`}
}

func windows(pod *corev1.Pod, _ *v1alpha1.ProgressSyncPolicy) *Refusal {
	if os := OS(pod); os == nil || os.Name != corev1.Windows {
		return nil
	}
	return &Refusal{"WindowsPod", "it runs on Windows nodes only, and the sidecar on Linux; opt it out with the annotation " + AnnotationInject + `: "false"`}
}

func nameTaken(pod *corev1.Pod, _ *v1alpha1.ProgressSyncPolicy) *Refusal {
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			if c := &containers[i]; c.Name == ContainerName && !isSidecar(c) {
				return &Refusal{"NameConflict", "it has a container named " + ContainerName + " of its own; rename that container"}
			}
		}
	}
	return nil
}

func volumesTaken(pod *corev1.Pod, _ *v1alpha1.ProgressSyncPolicy) *Refusal {
	for i := range pod.Spec.Volumes {
		if name := pod.Spec.Volumes[i].Name; IsOwnVolume(name) {
			return &Refusal{"NameConflict", "it has a volume named " + name + " of its own; rename that volume"}
		}
	}
	return nil
}

func portTaken(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) *Refusal {
	port := policy.Spec.Injection.Port
	if container := listener(pod, port); container != "" {
		return &Refusal{"PortConflict", fmt.Sprintf("its container %s uses port %d already; set spec.injection.port of the policy to another", container, port)}
	}
	if container := listener(pod, StatusPort); container != "" {
		return &Refusal{"PortConflict", fmt.Sprintf("its container %s uses port %d, where the sidecar serves its status; move the container to another",
			container, StatusPort)}
	}
	return nil
}

// listener is the first container of the pod that says it uses a TCP port, empty if
// none does.
func listener(pod *corev1.Pod, number int32) string {
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			for _, port := range containers[i].Ports {
				if port.ContainerPort == number && port.Protocol != corev1.ProtocolUDP && port.Protocol != corev1.ProtocolSCTP {
					return containers[i].Name
				}
			}
		}
	}
	return ""
}
