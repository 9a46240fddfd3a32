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

	// port on the pod's loopback for the app, 1024 to 65535 but not 9787. App
	// containers find it in PROGRESS_SYNC_URL.
	//
	// +optional
	// +kubebuilder:default=8787
	// +kubebuilder:validation:XValidation:rule="self >= 1024 && self <= 65535 && self != 9787",message="port must be from 1024 to 65535, and not 9787, where the sidecar serves its status"
	Port int32 `json:"port,omitempty"`

	// resources of the sidecar, merged field by field with the defaults
	// (requests: cpu 10m, memory 64Mi; limits: memory 256Mi).
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

	// limits of the sidecar.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=3
	// +kubebuilder:validation:XValidation:rule="self.all(name, name in ['cpu', 'memory', 'ephemeral-storage'])",message="limits may name cpu, memory and ephemeral-storage"
	Limits corev1.ResourceList `json:"limits,omitempty"`
}
