package injection

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"
)

// patch from a pod to what Inject made of it. It names only what Inject adds,
// so that fields of a newer API, which the types here do not know, stay where
// they are; a difference of the two pods' JSON would lose or move them.
func patch(before, after *corev1.Pod) []jsonpatch.Operation {
	var out []jsonpatch.Operation
	out = append(out, addedKeys("/metadata/labels", before.Labels, after.Labels)...)
	out = append(out, addedKeys("/metadata/annotations", before.Annotations, after.Annotations)...)
	// Before the sidecar is among them, the other init containers are where they were.
	out = append(out, addedEnv("/spec/initContainers/", others(before), others(after))...)
	out = append(out, placedSidecar(before, after)...)
	out = append(out, addedEnv("/spec/containers/", before.Spec.Containers, after.Spec.Containers)...)
	out = append(out, changedPodLevel(before.Spec.Resources, after.Spec.Resources)...)
	out = append(out, appended("/spec/volumes", before.Spec.Volumes, after.Spec.Volumes)...)
	return append(out, appended("/spec/imagePullSecrets", before.Spec.ImagePullSecrets, after.Spec.ImagePullSecrets)...)
}

// placedSidecar adds the sidecar, or moves one that is there already.
func placedSidecar(before, after *corev1.Pod) []jsonpatch.Operation {
	const path = "/spec/initContainers"
	from, to := sidecarIndex(before), sidecarIndex(after)
	if from == to {
		return nil
	}
	add := jsonpatch.NewOperation("add", path+"/"+strconv.Itoa(to), after.Spec.InitContainers[to])
	switch {
	case from >= 0:
		return []jsonpatch.Operation{jsonpatch.NewOperation("remove", path+"/"+strconv.Itoa(from), nil), add}
	case len(before.Spec.InitContainers) == 0:
		return []jsonpatch.Operation{jsonpatch.NewOperation("add", path, after.Spec.InitContainers)}
	}
	return []jsonpatch.Operation{add}
}

func addedEnv(path string, before, after []corev1.Container) []jsonpatch.Operation {
	var out []jsonpatch.Operation
	for i := range before {
		out = append(out, appended(path+strconv.Itoa(i)+"/env", before[i].Env, after[i].Env)...)
	}
	return out
}

// changedPodLevel replaces the quantities that are raised.
func changedPodLevel(before, after *corev1.ResourceRequirements) []jsonpatch.Operation {
	if before == nil || after == nil {
		return nil
	}
	out := changedQuantities("/spec/resources/requests/", before.Requests, after.Requests)
	return append(out, changedQuantities("/spec/resources/limits/", before.Limits, after.Limits)...)
}

func changedQuantities(path string, before, after corev1.ResourceList) []jsonpatch.Operation {
	var out []jsonpatch.Operation
	for _, name := range slices.Sorted(maps.Keys(after)) {
		was, is := before[name], after[name]
		if !was.Equal(is) {
			out = append(out, jsonpatch.NewOperation("add", path+escape.Replace(string(name)), is.String()))
		}
	}
	return out
}

// appended adds what a list has more at its end, or the list where there was
// none.
func appended[T any](path string, before, after []T) []jsonpatch.Operation {
	if len(after) == len(before) {
		return nil
	}
	if len(before) == 0 {
		return []jsonpatch.Operation{jsonpatch.NewOperation("add", path, after)}
	}
	var out []jsonpatch.Operation
	for _, item := range after[len(before):] {
		out = append(out, jsonpatch.NewOperation("add", path+"/-", item))
	}
	return out
}

// addedKeys adds what a map has more or other, or the map where there was none.
func addedKeys(path string, before, after map[string]string) []jsonpatch.Operation {
	if len(before) == 0 && len(after) > 0 {
		return []jsonpatch.Operation{jsonpatch.NewOperation("add", path, after)}
	}
	var out []jsonpatch.Operation
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if value, ok := before[key]; !ok || value != after[key] {
			out = append(out, jsonpatch.NewOperation("add", path+"/"+escape.Replace(key), after[key]))
		}
	}
	return out
}

// escape a key for a JSON pointer.
var escape = strings.NewReplacer("~", "~0", "/", "~1")
