package v1alpha1

// EventType is what an event tells, as its type in CloudEvents says.
//
// +kubebuilder:validation:Enum=dev.progresssync.lesson.completed;dev.progresssync.lesson.reset;dev.progresssync.learner.erased;dev.progresssync.lesson.left
type EventType string

const (
	// EventLessonCompleted: a lesson became completed.
	EventLessonCompleted EventType = "dev.progresssync.lesson.completed"
	// EventLessonReset: a lesson's progress was reset.
	EventLessonReset EventType = "dev.progresssync.lesson.reset"
	// EventLearnerErased: a learner was erased.
	EventLearnerErased EventType = "dev.progresssync.learner.erased"
	// EventLessonLeft: a learner left a lesson.
	EventLessonLeft EventType = "dev.progresssync.lesson.left"
)

// WebhookSpec says where events are sent, and how. A change reaches running sidecars
// without a restart; the Secret is mounted in pods created after webhook was set.
//
// +kubebuilder:validation:XValidation:rule="has(self.url) != has(self.service)",message="webhook must have one of url and service"
type WebhookSpec struct {
	// url that takes the events: https, or http to a service of the cluster
	// (http://name.namespace.svc/path). It is called by every pod of the policy, with
	// what their network reaches; redirects are not followed.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^(https://[^/?#@]+|http://[-a-z0-9]+[.][-a-z0-9]+[.]svc([.]cluster[.]local)?(:[0-9]+)?)([/?].*)?$')",message="url must be an https address, such as https://lms.example.com/events, or http to a service of the cluster, such as http://lms.campus.svc/events"
	// +kubebuilder:validation:XValidation:rule="!self.contains('@') && !self.contains('#')",message="url must have no user, password or fragment: the policy can be read by many, and requests are signed with secretRef"
	URL string `json:"url,omitempty"`

	// service of the cluster that takes the events, over http.
	//
	// +optional
	Service *WebhookService `json:"service,omitempty"`

	// secretRef names the Secret, in the policy's namespace, that requests are signed
	// with. The operator never reads it; the kubelet gives it to the pods. If it is
	// missing or wrong, pods start all the same, and events wait until it is right. If
	// it has the key ca.crt, an https receiver is trusted by those certificates alone.
	//
	// +required
	SecretRef WebhookSecretRef `json:"secretRef"`

	// types of the events that are sent; all but dev.progresssync.lesson.left if unset,
	// which only who asks for it is sent.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Types []EventType `json:"types,omitempty"`

	// batch is how many events one request has at most, 1 to 100. Above 1 the body is an
	// array (application/cloudevents-batch+json).
	//
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100",message="batch must be from 1 to 100 events"
	Batch int32 `json:"batch,omitempty"`
}

// WebhookService is a Service of the cluster.
type WebhookService struct {
	// name of the Service.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name must be the name of a Service: lower-case letters, digits and '-'"
	Name string `json:"name"`

	// namespace of the Service; the policy's if unset.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="namespace must be the name of a namespace: lower-case letters, digits and '-'; leave it out for the policy's"
	Namespace string `json:"namespace,omitempty"`

	// port of the Service, 1 to 65535.
	//
	// +optional
	// +kubebuilder:default=80
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 65535",message="port must be from 1 to 65535"
	Port int32 `json:"port,omitempty"`

	// path that is called, with a / before it.
	//
	// +optional
	// +kubebuilder:default=/
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^/[-._~!$&()*+,;=:@%/?0-9A-Za-z]*$')",message="path must begin with / and have only what a path may have, such as /events"
	Path string `json:"path,omitempty"`
}

// WebhookSecretRef are keys of a Secret in the policy's namespace.
type WebhookSecretRef struct {
	// name of the Secret.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret in this namespace: lower-case letters, digits, '-' and '.'"
	Name string `json:"name"`

	// key that holds the secret that requests are signed with: whsec_ and 16 to 256
	// bytes in base64.
	//
	// +optional
	// +kubebuilder:default=secret
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && !self.startsWith('..') && self != '.'",message="key must be a key of the Secret: letters, digits, '-', '_' and '.'"
	Key string `json:"key,omitempty"`

	// previousKey that holds the secret before it. While the Secret has it, requests are
	// signed with both.
	//
	// +optional
	// +kubebuilder:default=previous
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && !self.startsWith('..') && self != '.'",message="previousKey must be a key of the Secret: letters, digits, '-', '_' and '.'"
	PreviousKey string `json:"previousKey,omitempty"`
}
