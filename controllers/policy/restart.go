package policy

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// restartPod in a sentence that goes on.
func restartPod(pod *corev1.Pod) string {
	if command := restartCommand(pod); strings.HasPrefix(command, "kubectl ") {
		return "restart its owner: " + command
	}
	return restartCommand(pod)
}

// restartCommand for the owner of a pod, in words where there is no command.
func restartCommand(pod *corev1.Pod) string {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return "delete and create pod " + pod.Name + " again"
	}
	switch owner.Kind {
	case "ReplicaSet":
		if hash := pod.Labels["pod-template-hash"]; hash != "" && strings.HasSuffix(owner.Name, "-"+hash) {
			return rollout(pod.Namespace, "deployment", strings.TrimSuffix(owner.Name, "-"+hash))
		}
	case "StatefulSet", "DaemonSet":
		return rollout(pod.Namespace, strings.ToLower(owner.Kind), owner.Name)
	}
	return "delete pod " + pod.Name + ", which its " + owner.Kind + " replaces"
}

func rollout(namespace, kind, name string) string {
	return "kubectl -n " + namespace + " rollout restart " + kind + "/" + name
}
