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
	out = append(out, addedSidecar(before, after)...)
	for i := range before.Spec.Containers {
		path := "/spec/containers/" + strconv.Itoa(i) + "/env"
		out = append(out, appended(path, before.Spec.Containers[i].Env, after.Spec.Containers[i].Env)...)
	}
	out = append(out, appended("/spec/volumes", before.Spec.Volumes, after.Spec.Volumes)...)
	return append(out, appended("/spec/imagePullSecrets", before.Spec.ImagePullSecrets, after.Spec.ImagePullSecrets)...)
}

func addedSidecar(before, after *corev1.Pod) []jsonpatch.Operation {
	const path = "/spec/initContainers"
	if len(before.Spec.InitContainers) == 0 {
		return []jsonpatch.Operation{jsonpatch.NewOperation("add", path, after.Spec.InitContainers)}
	}
	i := slices.IndexFunc(after.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == ContainerName })
	return []jsonpatch.Operation{jsonpatch.NewOperation("add", path+"/"+strconv.Itoa(i), after.Spec.InitContainers[i])}
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
	if len(before) == 0 {
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
