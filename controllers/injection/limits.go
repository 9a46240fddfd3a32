package injection

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// bounds of one resource of the sidecar: what the pod and the LimitRanges of its
// namespace ask of it. CPU is in thousandths, all else in bytes.
type bounds struct {
	// limited says that a limit has to be stated; fallback is the one where the
	// policy states none.
	limited  bool
	fallback int64
	// min and max of request and limit.
	min, max int64
	// ratio that limit ÷ request may have, in thousandths; zero for any.
	ratio int64
}

// What a pod's share of a LimitRange has to leave the sidecar for it to run.
// With less it is left as it is, and the API server says what is wrong.
const (
	leastCPU    = 100
	leastMemory = 64 << 20
)

// boundsOf a resource. The rules are those of the API server's plugin
// LimitRanger: it fills in defaults before a webhook sees the pod, and again for
// what webhooks have added; then it holds every container and the whole pod
// against what follows.
func boundsOf(name corev1.ResourceName, pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, ranges []corev1.LimitRange) bounds {
	b := bounds{max: math.MaxInt64, limited: limitStated(name, pod), fallback: fallbackLimit(name, policy)}
	for i := range ranges {
		for j := range ranges[i].Spec.Limits {
			switch item := &ranges[i].Spec.Limits[j]; item.Type {
			case corev1.LimitTypeContainer:
				b.ofContainer(name, item)
			case corev1.LimitTypePod:
				b.ofPod(name, item, pod)
			default: // claims
			}
		}
	}
	if name == corev1.ResourceEphemeralStorage {
		b.fallback = max(b.fallback, storageBytes(policy))
	}
	return b
}

func (b *bounds) ofContainer(name corev1.ResourceName, item *corev1.LimitRangeItem) {
	if least, ok := item.Min[name]; ok {
		b.min = max(b.min, units(name, least))
	}
	if most, ok := item.Max[name]; ok {
		b.limited = true
		b.max = min(b.max, units(name, most))
	}
	if limit, ok := item.Default[name]; ok {
		// It would be filled in; which of several, the API server leaves to chance.
		b.limited = true
		b.fallback = units(name, limit)
	}
	b.ofRatio(name, item)
}

// ofPod bounds the sidecar by what the pod's other containers leave of a whole
// pod's maximum, as long as that is enough to run.
func (b *bounds) ofPod(name corev1.ResourceName, item *corev1.LimitRangeItem, pod *corev1.Pod) {
	if most, ok := item.Max[name]; ok {
		if room := units(name, most) - limitOfOthers(name, pod); room >= least(name) {
			b.limited = true
			b.max = min(b.max, room)
		}
	}
	// A pod keeps its ratio if each of its containers does.
	b.ofRatio(name, item)
}

func (b *bounds) ofRatio(name corev1.ResourceName, item *corev1.LimitRangeItem) {
	ratio, ok := item.MaxLimitRequestRatio[name]
	if !ok {
		return
	}
	b.limited = true
	if r := ratio.MilliValue(); b.ratio == 0 || r < b.ratio {
		b.ratio = r
	}
}

// fit a request and a limit, zero if there is none, into the bounds. Where their
// ratio is too high, the request rises, or the limit falls if the request is one
// that the policy states alone.
func (b bounds) fit(request, limit int64, keepRequest bool) (fitRequest, fitLimit int64) {
	if limit == 0 && b.limited {
		limit = max(b.fallback, request)
	}
	request = min(max(request, b.min), b.max)
	if limit == 0 {
		return request, 0
	}
	limit = min(max(limit, b.min), b.max)
	if !b.exceeds(request, limit) {
		return request, limit
	}
	if lowered := request * b.ratio / 1000; keepRequest && lowered >= b.min && !b.exceeds(request, lowered) {
		return request, lowered
	}
	request = max(request, int64(math.Ceil(float64(limit)*1000/float64(b.ratio))))
	for b.exceeds(request, limit) {
		request++
	}
	return request, limit
}

// exceeds the ratio, computed as the API server does: in floating point.
func (b bounds) exceeds(request, limit int64) bool {
	return b.ratio > 0 && float64(limit)/float64(request)*1000 > float64(b.ratio)
}

// limitStated says whether the rest of the pod states limits of the resource so
// that the sidecar has to: a quota on limits.cpu takes no container without one
// (memory always has one), and of ephemeral storage the kubelet takes the sum of
// those that are stated for the limit of all.
func limitStated(name corev1.ResourceName, pod *corev1.Pod) bool {
	stated := 0
	for i := range pod.Spec.Containers {
		if _, ok := pod.Spec.Containers[i].Resources.Limits[name]; ok {
			stated++
		}
	}
	switch name {
	case corev1.ResourceEphemeralStorage:
		return stated > 0
	default:
		_, podLevel := podLevelLimits(pod)[name]
		return podLevel || stated > 0 && stated == len(pod.Spec.Containers)
	}
}

// fallbackLimit where the policy states none. Half a core acknowledges some tens
// of thousands of updates a second; it is for the bursts: a replay at the start,
// a full batch, collecting garbage.
func fallbackLimit(name corev1.ResourceName, policy *v1alpha1.ProgressSyncPolicy) int64 {
	switch name {
	case corev1.ResourceCPU:
		return 500
	case corev1.ResourceEphemeralStorage:
		return storageBytes(policy)
	default:
		return 0
	}
}

func least(name corev1.ResourceName) int64 {
	switch name {
	case corev1.ResourceCPU:
		return leastCPU
	case corev1.ResourceMemory:
		return leastMemory
	default:
		return logBytes
	}
}

// limitOfOthers is the pod's own limit without the sidecar: the pod-level one,
// or the sum of its containers', or the largest init container beside its native
// sidecars.
func limitOfOthers(name corev1.ResourceName, pod *corev1.Pod) int64 {
	if limit, ok := podLevelLimits(pod)[name]; ok {
		return units(name, limit)
	}
	var app, native, init int64
	for i := range pod.Spec.Containers {
		app += units(name, pod.Spec.Containers[i].Resources.Limits[name])
	}
	for i := range pod.Spec.InitContainers {
		limit := units(name, pod.Spec.InitContainers[i].Resources.Limits[name])
		if isNative(&pod.Spec.InitContainers[i]) {
			native += limit
		} else {
			init = max(init, limit)
		}
	}
	return native + max(app, init)
}

func units(name corev1.ResourceName, quantity resource.Quantity) int64 {
	if name == corev1.ResourceCPU {
		return quantity.MilliValue()
	}
	return quantity.Value()
}

func quantity(name corev1.ResourceName, units int64) resource.Quantity {
	if name == corev1.ResourceCPU {
		return *resource.NewMilliQuantity(units, resource.DecimalSI)
	}
	return *resource.NewQuantity(units, resource.BinarySI)
}
