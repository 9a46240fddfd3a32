package injection

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// OS that the pod has to run on, as far as it says so: in spec.os, in its node
// selector, or in a node affinity that it requires. Nil if it leaves that open.
func OS(pod *corev1.Pod) *corev1.PodOS {
	if pod.Spec.OS != nil {
		return pod.Spec.OS
	}
	for key, value := range pod.Spec.NodeSelector {
		if isOSLabel(key) && value == string(corev1.Windows) {
			return &corev1.PodOS{Name: corev1.Windows}
		}
	}
	if requiresWindows(pod.Spec.Affinity) {
		return &corev1.PodOS{Name: corev1.Windows}
	}
	return nil
}

// requiresWindows says whether each of the terms, of which a node has to meet
// one, keeps the pod from nodes with Linux.
func requiresWindows(affinity *corev1.Affinity) bool {
	if affinity == nil || affinity.NodeAffinity == nil || affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return false
	}
	terms := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	return len(terms) > 0 && !slices.ContainsFunc(terms, func(term corev1.NodeSelectorTerm) bool {
		return !slices.ContainsFunc(term.MatchExpressions, excludesLinux)
	})
}

func excludesLinux(expression corev1.NodeSelectorRequirement) bool {
	if !isOSLabel(expression.Key) {
		return false
	}
	linux := slices.Contains(expression.Values, string(corev1.Linux))
	switch expression.Operator {
	case corev1.NodeSelectorOpIn:
		return !linux
	case corev1.NodeSelectorOpNotIn:
		return linux
	default:
		return false
	}
}

// isOSLabel of nodes. The second is deprecated and still on them.
func isOSLabel(key string) bool {
	return key == corev1.LabelOSStable || key == "beta.kubernetes.io/os"
}
