package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
)

// FailurePolicy says what becomes of a selected pod while the operator does
// not answer.
//
// +kubebuilder:validation:Enum=Ignore;Fail
type FailurePolicy string

const (
	// FailurePolicyIgnore lets the pod start without a sidecar.
	FailurePolicyIgnore FailurePolicy = "Ignore"
	// FailurePolicyFail lets no selected pod be created.
	FailurePolicyFail FailurePolicy = "Fail"
)

// Order of the sidecar among the init containers of a pod. They start in their
// order and end in the reverse one, after the app.
//
// +kubebuilder:validation:Enum=Auto;First;Last
type Order string

const (
	// OrderAuto puts the sidecar right behind the pod's own native sidecars, so
	// that a database or mesh proxy among them still runs while it drains; first
	// where the pod has none.
	OrderAuto Order = "Auto"
	// OrderFirst starts it before, and ends it after, every other one.
	OrderFirst Order = "First"
	// OrderLast starts it after, and ends it before, every other one.
	OrderLast Order = "Last"
)

// RunAs says who chooses the user and group that the sidecar runs as.
//
// +kubebuilder:validation:Enum=Auto;Fixed;Assigned
type RunAs string

const (
	// RunAsAuto is Assigned in a namespace that assigns user ids, as those of
	// OpenShift do (annotation openshift.io/sa.scc.uid-range), else Fixed.
	RunAsAuto RunAs = "Auto"
	// RunAsFixed states user and group 65532.
	RunAsFixed RunAs = "Fixed"
	// RunAsAssigned states none, and leaves them to the namespace, the pod or
	// the image, which names 65532.
	RunAsAssigned RunAs = "Assigned"
)

// Bare says what becomes of running pods that have no sidecar and could have
// one.
//
// +kubebuilder:validation:Enum=Leave;Evict
type Bare string

const (
	// BareLeave leaves them to whoever restarts them.
	BareLeave Bare = "Leave"
	// BareEvict evicts them, a few at a time, so that their owners make new
	// ones.
	BareEvict Bare = "Evict"
)

// InjectionSpec says how the sidecar is put into a pod. A change takes effect
// in pods created after it; status.sidecars.outdated counts the others.
type InjectionSpec struct {
	// failurePolicy while the operator does not answer: Ignore lets a selected
	// pod start without a sidecar (it is counted in status), Fail lets it not
	// be created.
	//
	// +optional
	// +kubebuilder:default=Ignore
	FailurePolicy FailurePolicy `json:"failurePolicy,omitempty"`

	// order of the sidecar among the pod's init containers: Auto puts it behind
	// the pod's own native sidecars, so that a database or mesh proxy among them
	// still runs while it drains; First and Last put it there. A pod's annotation
	// progresssync.dev/order says otherwise for that pod.
	//
	// +optional
	// +kubebuilder:default=Auto
	Order Order `json:"order,omitempty"`

	// runAs says who chooses the sidecar's user and group: Fixed states 65532;
	// Assigned states none, for namespaces that assign them; Auto sees which of
	// the two the namespace needs. If unset, as the operator is told to.
	//
	// +optional
	RunAs RunAs `json:"runAs,omitempty"`

	// bare says what becomes of running pods without a sidecar that could have
	// one, such as those created together with the policy: Leave counts them in
	// status; Evict evicts them, slowly and as far as their
	// PodDisruptionBudgets allow, while new pods are seen to get a sidecar. Pods
	// that no controller would create anew are left.
	//
	// +optional
	// +kubebuilder:default=Leave
	Bare Bare `json:"bare,omitempty"`

	// port on the pod's loopback for the app, 1024 to 65535, but neither 9787 nor
	// peers.port. App containers find it in PROGRESS_SYNC_URL.
	//
	// +optional
	// +kubebuilder:default=8787
	// +kubebuilder:validation:XValidation:rule="self >= 1024 && self <= 65535 && self != 9787",message="port must be from 1024 to 65535, and not 9787, where the sidecar serves its status"
	Port int32 `json:"port,omitempty"`

	// resources of the sidecar, merged field by field with the defaults
	// (requests: cpu 10m, memory 64Mi, ephemeral-storage 128Mi; limits: memory
	// 256Mi), and fitted to the pod and to the LimitRanges of its namespace.
	//
	// +optional
	Resources ResourcesSpec `json:"resources,omitzero"`

	// image of the sidecar in place of the operator's, for instance from a
	// private registry.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^ ]+$')",message="image must be an image reference without spaces; leave it out for the operator's own"
	Image string `json:"image,omitempty"`

	// imagePullSecrets are added to those of the pod.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	ImagePullSecrets []ImagePullSecret `json:"imagePullSecrets,omitempty"`

	// tracesEndpoint is the URL of an OpenTelemetry collector's port for OTLP
	// over HTTP; sidecars send it a span for each round of a flush.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^ @/]+(/[^ ]*)?$')",message="tracesEndpoint must be a URL without credentials, such as http://collector.monitoring:4318"
	TracesEndpoint string `json:"tracesEndpoint,omitempty"`
}

// ImagePullSecret names a Secret of type kubernetes.io/dockerconfigjson in the
// policy's namespace.
type ImagePullSecret struct {
	// name of the Secret.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret in this namespace: lower-case letters, digits, '-' and '.'"
	Name string `json:"name"`
}

// ResourcesSpec of the sidecar container. Only cpu, memory and
// ephemeral-storage can be set, so that no policy can make a pod invalid.
type ResourcesSpec struct {
	// requests of the sidecar.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=3
	// +kubebuilder:validation:XValidation:rule="self.all(name, name in ['cpu', 'memory', 'ephemeral-storage'])",message="requests may name cpu, memory and ephemeral-storage"
	Requests corev1.ResourceList `json:"requests,omitempty"`

	// limits of the sidecar; memory 32Mi or more.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=3
	// +kubebuilder:validation:XValidation:rule="self.all(name, name in ['cpu', 'memory', 'ephemeral-storage'])",message="limits may name cpu, memory and ephemeral-storage"
	// +kubebuilder:validation:XValidation:rule="!('memory' in self) || (type(self['memory']) == int ? self['memory'] >= 33554432 : isQuantity(self['memory']) && quantity(self['memory']).compareTo(quantity('32Mi')) >= 0)",message="limits.memory must be 32Mi or more: the sidecar does not run in less"
	Limits corev1.ResourceList `json:"limits,omitempty"`
}
