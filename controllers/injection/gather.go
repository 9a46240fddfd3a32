package injection

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// configMapPatience for the ConfigMaps of a pod's environment, which are in no
// cache. It is well below the webhook's own timeout.
const configMapPatience = time.Second

// +kubebuilder:rbac:groups="",resources=namespaces;limitranges;nodes,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get

// surroundings gathers what the injection of a pod depends on. What cannot be read
// is left out and logged: a sidecar that is a little off is better than none.
func (h *Handler) surroundings(ctx context.Context, name string, pod *corev1.Pod) Surroundings {
	var out Surroundings

	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := h.Cached.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
		log.FromContext(ctx).Error(err, "reading the pod's namespace; the sidecar runs as its own user", "namespace", name)
	}
	_, out.AssignsUsers = object.Annotations[AnnotationUserRange]

	var ranges corev1.LimitRangeList
	if err := h.Cached.List(ctx, &ranges, client.InNamespace(name)); err != nil {
		log.FromContext(ctx).Error(err, "listing the namespace's LimitRanges; the sidecar's resources follow none", "namespace", name)
	}
	out.LimitRanges = ranges.Items

	var nodes corev1.NodeList
	if err := h.Cached.List(ctx, &nodes, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "listing the nodes; the sidecar asks for no ephemeral storage")
	}
	out.StorageCounted = storageCounted(nodes.Items)

	out.ConfigMaps = h.configMaps(ctx, name, pod)
	return out
}

// storageCounted says whether all nodes, and there are some, count ephemeral
// storage.
func storageCounted(nodes []corev1.Node) bool {
	return len(nodes) > 0 && !slices.ContainsFunc(nodes, func(node corev1.Node) bool {
		_, counted := node.Status.Allocatable[corev1.ResourceEphemeralStorage]
		return !counted
	})
}

// configMaps that the pod's environment comes from. Those that do not exist yet
// are left out.
func (h *Handler) configMaps(ctx context.Context, namespace string, pod *corev1.Pod) map[string]map[string]string {
	names := EnvironmentConfigMaps(pod)
	if len(names) == 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, configMapPatience)
	defer cancel()
	out := make(map[string]map[string]string, len(names))
	for _, name := range names {
		var object corev1.ConfigMap
		err := h.Live.Get(bounded, client.ObjectKey{Namespace: namespace, Name: name}, &object)
		switch {
		case err == nil:
			out[name] = object.Data
		case !apierrors.IsNotFound(err):
			log.FromContext(ctx).Error(err, "reading a ConfigMap of the pod's environment; its containers get "+URLVariable,
				"namespace", namespace, "configMap", name)
		}
	}
	return out
}
