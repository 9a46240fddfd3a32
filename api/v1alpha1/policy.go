package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ProgressSyncPolicy gives the pods that it selects a sidecar that takes their
// learners' progress updates, merges them, and writes them to Postgres every
// few minutes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=psync,scope=Namespaced,categories=progress-sync
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].reason`,description="Why the policy is not healthy, if it is not"
// +kubebuilder:printcolumn:name="Injected",type=string,JSONPath=`.status.sidecars.summary`,description="Pods with a sidecar / pods that the policy selects"
// +kubebuilder:printcolumn:name="Pending",type=integer,JSONPath=`.status.records.pending`,description="Records that are accepted and not yet saved"
// +kubebuilder:printcolumn:name="Reduction",type=string,priority=1,JSONPath=`.status.updates.writeReduction`,description="Share of updates that cost no write of their own"
// +kubebuilder:printcolumn:name="Last Sync",type=date,JSONPath=`.status.lastSyncTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="DB",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="DatabaseReachable")].reason`
// +kubebuilder:printcolumn:name="Synced",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Synced")].status`
// +kubebuilder:printcolumn:name="Oldest Pending",type=date,priority=1,JSONPath=`.status.records.oldestPendingTime`
// +kubebuilder:printcolumn:name="Dead Letters",type=integer,priority=1,JSONPath=`.status.records.deadLetters`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="metadata.name may have at most 63 characters: names of other objects are made from it"
type ProgressSyncPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec ProgressSyncPolicySpec `json:"spec"`
	// +optional
	Status ProgressSyncPolicyStatus `json:"status,omitzero"`
}

// ProgressSyncPolicyList is a list of policies.
//
// +kubebuilder:object:root=true
type ProgressSyncPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ProgressSyncPolicy `json:"items"`
}

// ProgressSyncPolicySpec is complete with a selector and database.secretRef.
//
// +kubebuilder:validation:XValidation:rule="!has(self.variants) || !has(self.sync) || !has(self.sync.interval) || self.variants.arms.all(a, !has(a.sync) || has(a.sync.interval) || ((!has(a.sync.quietPeriod) || a.sync.quietPeriod == 'Auto' || duration(a.sync.quietPeriod) <= duration(self.sync.interval)) && (!has(a.sync.leaveGrace) || duration(a.sync.leaveGrace) <= duration(self.sync.interval))))",message="quietPeriod and leaveGrace of an arm must not be longer than its interval, which is sync.interval if it has none of its own"
// +kubebuilder:validation:XValidation:rule="!has(self.peers) || !has(self.peers.port) || !has(self.injection) || !has(self.injection.port) || self.peers.port != self.injection.port",message="peers.port must be another than injection.port, where the app writes"
// +kubebuilder:validation:XValidation:rule="!has(self.sync) || !has(self.sync.completionBy) || self.sync.completionBy != 'Watched' || !has(self.database.mapping) || ['watchedSegments', 'watchedStep', 'durationSeconds'].all(f, f in self.database.mapping.columns)",message="sync.completionBy Watched needs watchedSegments, watchedStep and durationSeconds in database.mapping.columns: a table without them does not keep what was seen"
type ProgressSyncPolicySpec struct {
	// selector of the pods, in the policy's namespace, that get a sidecar when
	// they are created. Pods that exist already get it when they are restarted.
	// Where two policies select one pod, the older policy wins.
	//
	// +required
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="selector must name at least one label, in matchLabels or in matchExpressions; an empty selector would take every pod of the namespace"
	Selector metav1.LabelSelector `json:"selector"`

	// sync says when, and in what portions, records are written.
	//
	// +optional
	// +kubebuilder:default={}
	Sync SyncSpec `json:"sync,omitzero"`

	// variants compares settings of sync with each other: each learner has those of
	// one arm. None if unset.
	//
	// +optional
	Variants *VariantsSpec `json:"variants,omitempty"`

	// retry says how a failed write is tried again.
	//
	// +optional
	// +kubebuilder:default={}
	Retry RetrySpec `json:"retry,omitzero"`

	// buffer bounds what a sidecar keeps until it is in the database.
	//
	// +optional
	// +kubebuilder:default={}
	Buffer BufferSpec `json:"buffer,omitzero"`

	// database says where the records go.
	//
	// +required
	Database DatabaseSpec `json:"database"`

	// ingest caps one request of the app to its sidecar, and says whom it may
	// speak for.
	//
	// +optional
	// +kubebuilder:default={}
	Ingest IngestSpec `json:"ingest,omitzero"`

	// peers says whether sidecars hand on to each other, so that each learner has
	// one home.
	//
	// +optional
	// +kubebuilder:default={}
	Peers PeersSpec `json:"peers,omitzero"`

	// events says whether the database has events of what is completed.
	//
	// +optional
	// +kubebuilder:default={}
	Events EventsSpec `json:"events,omitzero"`

	// injection says how the sidecar is put into a pod.
	//
	// +optional
	// +kubebuilder:default={}
	Injection InjectionSpec `json:"injection,omitzero"`

	// logging of the sidecars.
	//
	// +optional
	// +kubebuilder:default={}
	Logging LoggingSpec `json:"logging,omitzero"`
}
