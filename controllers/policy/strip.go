package policy

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/controllers/injection"
)

// StripPod leaves of a pod what the operator reads, so that its cache stays
// small in a cluster with many pods. It is a cache transform.
func StripPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	return &corev1.Pod{
		TypeMeta: pod.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			CreationTimestamp: pod.CreationTimestamp, DeletionTimestamp: pod.DeletionTimestamp,
			Labels:          pod.Labels,
			Annotations:     ownAnnotations(pod.Annotations),
			OwnerReferences: controllerOnly(pod),
		},
		Spec: corev1.PodSpec{
			HostNetwork:    pod.Spec.HostNetwork,
			OS:             injection.OS(pod),
			InitContainers: stripContainers(pod.Spec.InitContainers),
			Containers:     stripContainers(pod.Spec.Containers),
			Volumes:        ownVolumes(pod.Spec.Volumes),
		},
		Status: corev1.PodStatus{
			Phase: pod.Status.Phase, PodIP: pod.Status.PodIP,
			Conditions:            ownConditions(pod.Status.Conditions),
			InitContainerStatuses: ownStatus(pod),
		},
	}, nil
}

func ownAnnotations(annotations map[string]string) map[string]string {
	var out map[string]string
	for key, value := range annotations {
		if strings.HasPrefix(key, "progresssync.dev/") {
			if out == nil {
				out = map[string]string{}
			}
			out[key] = value
		}
	}
	return out
}

func controllerOnly(pod *corev1.Pod) []metav1.OwnerReference {
	if owner := metav1.GetControllerOf(pod); owner != nil {
		return []metav1.OwnerReference{*owner}
	}
	return nil
}

func stripContainers(containers []corev1.Container) []corev1.Container {
	var out []corev1.Container
	for i := range containers {
		var ports []corev1.ContainerPort
		for _, port := range containers[i].Ports {
			ports = append(ports, corev1.ContainerPort{ContainerPort: port.ContainerPort, Protocol: port.Protocol})
		}
		stripped := corev1.Container{Name: containers[i].Name, Ports: ports, RestartPolicy: containers[i].RestartPolicy}
		if stripped.Name == injection.ContainerName {
			// By it the sidecar is told from a container that only has its name.
			for _, mount := range containers[i].VolumeMounts {
				if mount.Name == injection.VolumeSpool {
					stripped.VolumeMounts = []corev1.VolumeMount{{Name: mount.Name}}
				}
			}
		}
		out = append(out, stripped)
	}
	return out
}

func ownVolumes(volumes []corev1.Volume) []corev1.Volume {
	var out []corev1.Volume
	for i := range volumes {
		if injection.IsOwnVolume(volumes[i].Name) {
			out = append(out, volumes[i])
		}
	}
	return out
}

// maxSaid by a kubelet or the scheduler that is kept, in bytes.
const maxSaid = 512

// ownConditions are whether the pod is ready, and not since when, and why it has
// no node if it has none.
func ownConditions(conditions []corev1.PodCondition) []corev1.PodCondition {
	var out []corev1.PodCondition
	for i := range conditions {
		switch c := &conditions[i]; {
		case c.Type == corev1.PodReady:
			out = append(out, corev1.PodCondition{Type: c.Type, Status: c.Status})
		case c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse:
			out = append(out, corev1.PodCondition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: cut(c.Message)})
		}
	}
	return out
}

// ownStatus is that of the sidecar: why it waits, how it ended, and how it ended
// before.
func ownStatus(pod *corev1.Pod) []corev1.ContainerStatus {
	for i := range pod.Status.InitContainerStatuses {
		s := &pod.Status.InitContainerStatuses[i]
		if s.Name != injection.ContainerName {
			continue
		}
		out := corev1.ContainerStatus{Name: s.Name, Ready: s.Ready, RestartCount: s.RestartCount}
		if waiting := s.State.Waiting; waiting != nil {
			out.State.Waiting = &corev1.ContainerStateWaiting{Reason: waiting.Reason, Message: cut(waiting.Message)}
		}
		if end := s.State.Terminated; end != nil {
			// Its message says what it had not saved; the kubelet bounds it.
			out.State.Terminated = ended(end, end.Message)
		}
		if end := s.LastTerminationState.Terminated; end != nil {
			message := ""
			if neverRan(end) {
				message = cut(end.Message)
			}
			out.LastTerminationState.Terminated = ended(end, message)
		}
		return []corev1.ContainerStatus{out}
	}
	return nil
}

func ended(end *corev1.ContainerStateTerminated, message string) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{ExitCode: end.ExitCode, Reason: end.Reason, FinishedAt: end.FinishedAt, Message: message}
}

func cut(text string) string {
	return text[:min(len(text), maxSaid)]
}
