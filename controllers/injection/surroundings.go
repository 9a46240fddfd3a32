package injection

import corev1 "k8s.io/api/core/v1"

// Surroundings are what of a pod's namespace, and of the objects in it, an injection
// depends on. The zero value says nothing of them: a webhook that cannot read
// them injects all the same.
type Surroundings struct {
	// AssignsUsers says that the namespace chooses the user ids of its pods.
	AssignsUsers bool
	// StorageCounted says that every node counts ephemeral storage. Where one does
	// not (the kubelet's localStorageCapacityIsolation is off, as in a rootless
	// cluster), a pod that asks for some has no place on it.
	StorageCounted bool
	// LimitRanges that the API server holds the pod against.
	LimitRanges []corev1.LimitRange
	// ConfigMaps are the data of those that EnvironmentConfigMaps names, by name.
	ConfigMaps map[string]map[string]string
}
