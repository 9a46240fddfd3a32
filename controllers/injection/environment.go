package injection

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// addURLs tells the pod's containers where the sidecar is. Init containers may
// want to write too, once it runs.
func addURLs(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, configMaps map[string]map[string]string) {
	url := corev1.EnvVar{Name: URLVariable, Value: "http://" + listenAddress(policy)}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			if c := &containers[i]; !isSidecar(c) && !hasURL(c, configMaps) {
				c.Env = append(c.Env, url)
			}
		}
	}
}

// hasURL says whether the container's environment names a sidecar already, in
// env or in a ConfigMap of envFrom. Env comes before envFrom, so what is added
// would hide the latter. A Secret is not read, and counts as if it had none.
func hasURL(container *corev1.Container, configMaps map[string]map[string]string) bool {
	if inEnv(container) {
		return true
	}
	for i := range container.EnvFrom {
		if source := &container.EnvFrom[i]; source.ConfigMapRef != nil {
			if _, ok := configMaps[source.ConfigMapRef.Name][urlKey(source)]; ok {
				return true
			}
		}
	}
	return false
}

func inEnv(container *corev1.Container) bool {
	return slices.ContainsFunc(container.Env, func(v corev1.EnvVar) bool { return v.Name == URLVariable })
}

// urlKey is the key that the source would make PROGRESS_SYNC_URL of, or empty if
// its prefix lets none.
func urlKey(source *corev1.EnvFromSource) string {
	key, ok := strings.CutPrefix(URLVariable, source.Prefix)
	if !ok {
		return ""
	}
	return key
}

// EnvironmentConfigMaps names the ConfigMaps that have to be read to know
// whether the pod's containers name a sidecar themselves.
func EnvironmentConfigMaps(pod *corev1.Pod) []string {
	var out []string
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			if inEnv(&containers[i]) {
				continue
			}
			for j := range containers[i].EnvFrom {
				if source := &containers[i].EnvFrom[j]; source.ConfigMapRef != nil && urlKey(source) != "" {
					out = append(out, source.ConfigMapRef.Name)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
