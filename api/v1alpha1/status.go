package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ProgressSyncPolicyStatus tells how the syncing goes. It is written when
// something in it changed; ages are kept as times, so that waiting changes
// nothing.
type ProgressSyncPolicyStatus struct {
	// conditions: Ready, Healthy, Injected, SidecarsReady, DatabaseReachable,
	// Synced, Peered; Reconciling or Stalled while it is True.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration of the policy that this status speaks of.
	//
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// sidecars counts pods and their sidecars.
	//
	// +optional
	Sidecars SidecarsStatus `json:"sidecars"`

	// records that the sidecars hold now.
	//
	// +optional
	Records RecordsStatus `json:"records"`

	// updates and what became of them: sums over the sidecars that live now,
	// each since its start. When a pod goes, its share goes with it; the
	// metrics keep the history.
	//
	// +optional
	Updates UpdatesStatus `json:"updates"`

	// sync tells how the writes go: sums over the sidecars that live now, each since
	// its start. Unset until one was attempted.
	//
	// +optional
	Sync *SyncStatus `json:"sync,omitempty"`

	// classes of lessons, those of the spec and then default.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=9
	Classes []ClassStatus `json:"classes,omitempty"`

	// variants are the arms of the spec.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=4
	Variants []VariantStatus `json:"variants,omitempty"`

	// sampleRatio is whether the arms have as many learners as their weights let
	// expect. Unset until there are some hundred learners.
	//
	// +optional
	SampleRatio *SampleRatioStatus `json:"sampleRatio,omitempty"`

	// adaptive tells by how much the intervals are stretched. Unset while that is off.
	//
	// +optional
	Adaptive *AdaptiveStatus `json:"adaptive,omitempty"`

	// lastSyncTime is when a sidecar last had a batch confirmed by the database.
	//
	// +optional
	LastSyncTime *metav1.Time `json:"lastSyncTime,omitempty"`

	// lastError is the newest error that keeps records from being written;
	// unset while there is none.
	//
	// +optional
	LastError *SyncError `json:"lastError,omitempty"`
}

// SidecarsStatus counts pods of the policy. Pods that have ended, are being
// deleted, or opted out are in none of these but optedOut.
type SidecarsStatus struct {
	// summary is "injected/matched", for people.
	//
	// +optional
	Summary string `json:"summary,omitempty"`
	// matched pods: selected by this policy and by no older one.
	//
	// +optional
	Matched int32 `json:"matched"`
	// injected pods: those of matched that have a sidecar.
	//
	// +optional
	Injected int32 `json:"injected"`
	// ready sidecars: started, and passing their liveness probe.
	//
	// +optional
	Ready int32 `json:"ready"`
	// failing sidecars cannot start, or do not stay up.
	//
	// +optional
	Failing int32 `json:"failing"`
	// configured sidecars run the configuration of observedGeneration, and know
	// every setting of it.
	//
	// +optional
	Configured int32 `json:"configured"`
	// outdated pods were injected from another template (image, resources,
	// port, Secret, …) than the policy and the operator would use now; a
	// restart renews them.
	//
	// +optional
	Outdated int32 `json:"outdated"`
	// unreachable sidecars have not answered the operator for several polls.
	//
	// +optional
	Unreachable int32 `json:"unreachable"`
	// refused pods cannot be injected: host network, or a port already in use.
	//
	// +optional
	Refused int32 `json:"refused"`
	// optedOut pods carry the annotation progresssync.dev/inject: "false".
	//
	// +optional
	OptedOut int32 `json:"optedOut"`
	// conflicting pods are selected by an older policy too, which has them.
	//
	// +optional
	Conflicting int32 `json:"conflicting"`
	// refusing sidecars take no new updates: disk full, or failed.
	//
	// +optional
	Refusing int32 `json:"refusing"`
	// peered sidecars are registered with the others of their database, and reach
	// most of those that they tried to reach. None while peers.mode is Off.
	//
	// +optional
	Peered int32 `json:"peered"`
}

// RecordsStatus counts records, one for each learner and lesson.
type RecordsStatus struct {
	// pending records are accepted and not yet saved.
	//
	// +optional
	Pending int64 `json:"pending"`
	// parked records are those of pending that sidecars hold after their last
	// retry; they are written when the database answers a probe.
	//
	// +optional
	Parked int64 `json:"parked"`
	// deadLetters are records that the database refused for their data.
	//
	// +optional
	DeadLetters int64 `json:"deadLetters"`
	// oldestPendingTime is when the oldest unsaved update was accepted.
	//
	// +optional
	OldestPendingTime *metav1.Time `json:"oldestPendingTime,omitempty"`
	// unsaved records of pods that are gone.
	//
	// +optional
	Unsaved UnsavedStatus `json:"unsaved"`
}

// UnsavedStatus counts, since the policy was created, the records that pods
// had not saved when they went.
type UnsavedStatus struct {
	// lost with the pod's own volume.
	//
	// +optional
	Lost int64 `json:"lost"`
	// onClaim were left on the claim, where another pod finds and writes them;
	// those in quarantine stay there.
	//
	// +optional
	OnClaim int64 `json:"onClaim"`
	// unknown: the pod went without a word, and held so many when the operator
	// last asked it.
	//
	// +optional
	Unknown int64 `json:"unknown"`
	// countedPods are in these numbers and may be seen once more: they have
	// ended and are not deleted yet, or were counted last.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	CountedPods []types.UID `json:"countedPods,omitempty"`
}

// UpdatesStatus counts updates, and the writes that they became.
type UpdatesStatus struct {
	// received updates that were accepted.
	//
	// +optional
	Received int64 `json:"received"`
	// rejected updates, answered with an error.
	//
	// +optional
	Rejected int64 `json:"rejected"`
	// pending updates are accepted and not yet saved.
	//
	// +optional
	Pending int64 `json:"pending"`
	// rowsWritten in the database.
	//
	// +optional
	RowsWritten int64 `json:"rowsWritten"`
	// transactions that wrote them.
	//
	// +optional
	Transactions int64 `json:"transactions"`
	// retries of failed writes.
	//
	// +optional
	Retries int64 `json:"retries"`
	// writeReduction is the share of saved updates that cost no row write of
	// their own: 100 × (1 − rowsWritten ÷ (received − pending)), such as
	// "97.2%". Unset until something was saved.
	//
	// +optional
	WriteReduction string `json:"writeReduction,omitempty"`
	// handedOn updates went on to the sidecar that is the learner's home. They are
	// in received once, by the home.
	//
	// +optional
	HandedOn int64 `json:"handedOn"`
	// handedOnShare of received, such as "74.8%". Unset while nothing was handed on.
	//
	// +optional
	HandedOnShare string `json:"handedOnShare,omitempty"`
	// keptLocally counts by reason the updates that did not reach the learner's home
	// and were accepted by the sidecar that got them: connect, breaker, refused, and
	// so on.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	KeptLocally map[string]int64 `json:"keptLocally,omitempty"`
}

// SyncError is a class of error, in words that hold no data.
type SyncError struct {
	// reason as in the condition DatabaseReachable, or DataRefused.
	Reason string `json:"reason"`
	// sqlState that Postgres answered with, if it answered.
	//
	// +optional
	SQLState string `json:"sqlState,omitempty"`
	// sidecars that report it.
	Sidecars int32 `json:"sidecars"`
	// since when, as the first of them says.
	//
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
}
