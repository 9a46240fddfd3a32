package policy

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/controllers/injection"
)

// StripPod leaves of a pod what the operator looks at, so that its cache stays
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
			CreationTimestamp: pod.CreationTimestamp,
			DeletionTimestamp: pod.DeletionTimestamp,
			Labels:            pod.Labels,
			Annotations:       ownAnnotations(pod.Annotations),
			OwnerReferences:   controllerOnly(pod),
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
			Conditions:            ready(pod),
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
		stripped := corev1.Container{Name: containers[i].Name, Ports: ports}
		if stripped.Name == injection.ContainerName {
			// By these the sidecar is told from a container that only has its name.
			stripped.RestartPolicy = containers[i].RestartPolicy
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

func ownStatus(pod *corev1.Pod) []corev1.ContainerStatus {
	for i := range pod.Status.InitContainerStatuses {
		if s := &pod.Status.InitContainerStatuses[i]; s.Name == injection.ContainerName {
			return []corev1.ContainerStatus{{Name: s.Name, Ready: s.Ready, RestartCount: s.RestartCount}}
		}
	}
	return nil
}

// ready is whether the pod is, and not since when.
func ready(pod *corev1.Pod) []corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return []corev1.PodCondition{{Type: c.Type, Status: c.Status}}
		}
	}
	return nil
}
