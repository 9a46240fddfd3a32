package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SyncSpec says when, and in what portions, records are written. Every field
// reaches running sidecars without a restart.
//
// +kubebuilder:validation:XValidation:rule="!has(self.quietPeriod) || self.quietPeriod == 'Auto' || !has(self.interval) || duration(self.quietPeriod) <= duration(self.interval)",message="quietPeriod must not be longer than interval"
// +kubebuilder:validation:XValidation:rule="!has(self.leaveGrace) || !has(self.interval) || duration(self.leaveGrace) <= duration(self.interval)",message="leaveGrace must not be longer than interval; leave it out, and what comes first counts"
// +kubebuilder:validation:XValidation:rule="!has(self.minSyncWithin) || !has(self.interval) || duration(self.minSyncWithin) <= duration(self.interval)",message="minSyncWithin must not be longer than interval; leave it out, and what comes first counts"
// +kubebuilder:validation:XValidation:rule="!has(self.classes) || !has(self.interval) || self.classes.all(c, has(c.interval) || !has(c.quietPeriod) || c.quietPeriod == 'Auto' || duration(c.quietPeriod) <= duration(self.interval))",message="quietPeriod of a class must not be longer than its interval, which is sync.interval if it has none of its own"
// +kubebuilder:validation:XValidation:rule="!has(self.adaptive) || !has(self.interval) || !has(self.adaptive.minInterval) || duration(self.adaptive.minInterval) <= duration(self.interval)",message="adaptive.minInterval must not be longer than interval"
// +kubebuilder:validation:XValidation:rule="!has(self.adaptive) || !has(self.interval) || !has(self.adaptive.maxInterval) || duration(self.adaptive.maxInterval) >= duration(self.interval)",message="adaptive.maxInterval must not be shorter than interval"
type SyncSpec struct {
	// interval from a record's first unsynced change to its write, 1s to 24h.
	// Later changes do not extend it. What is here is for all lessons that no class
	// matches.
	//
	// +optional
	// +kubebuilder:default="3m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="interval must be a duration from 1s to 24h, such as 3m or 90s"
	Interval metav1.Duration `json:"interval,omitzero"`

	// quietPeriod writes a record early, once it has not changed for so long: Auto for
	// twice the time that the record's own updates are apart, and 15s at least; or a
	// duration from 1s to interval, the same for all. Off if unset.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self == 'Auto' || self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s')",message="quietPeriod must be a duration from 1s to the interval, such as 20s, or Auto; leave it out to switch it off"
	QuietPeriod QuietPeriod `json:"quietPeriod,omitempty"`

	// leaveGrace is how long a record waits for more once an update said that its learner
	// leaves, before it is written early; 1s to interval, 0s to take no notice of
	// that. 5s if unset.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && (duration(self) == duration('0s') || duration(self) >= duration('1s'))",message="leaveGrace must be a duration from 1s to the interval, such as 5s, or 0s to take no notice of learners who leave"
	LeaveGrace *metav1.Duration `json:"leaveGrace,omitempty"`

	// minSyncWithin is the shortest syncWithin of an update that counts, and the
	// shortest time between two early writes of one record that clients asked for; 1s to
	// interval. 15s if unset.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s')",message="minSyncWithin must be a duration from 1s to the interval, such as 15s"
	MinSyncWithin *metav1.Duration `json:"minSyncWithin,omitempty"`

	// classes of lessons with settings of their own. A record is of the first that
	// matches it. A change applies to what waits already.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:XValidation:rule="self.all(c, self.exists_one(d, d.name == c.name))",message="classes must have different names"
	Classes []ClassSpec `json:"classes,omitempty"`

	// adaptive stretches and shortens all intervals by what the database bears. Off
	// if unset.
	//
	// +optional
	Adaptive *AdaptiveSpec `json:"adaptive,omitempty"`

	// batchSize is the number of records written in one transaction. What is due
	// for another reason than time, such as a completion, may share a larger one.
	//
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 1000",message="batchSize must be from 1 to 1000 records"
	BatchSize int32 `json:"batchSize,omitempty"`

	// flushOnComplete writes a record within 150 ms when its lesson becomes completed.
	//
	// +optional
	// +kubebuilder:default=true
	FlushOnComplete *bool `json:"flushOnComplete,omitempty"`

	// completionThresholdPercent of a lesson that completes it, 1 to 100.
	//
	// +optional
	// +kubebuilder:default=95
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100",message="completionThresholdPercent must be from 1 to 100"
	CompletionThresholdPercent int32 `json:"completionThresholdPercent,omitempty"`

	// completionBy says of what that percentage is: Percentage, the greatest that was
	// reported or followed from the position; or Watched, how much of the lesson was
	// seen, by watchedSegments of updates that know its duration. An update with
	// completed: true completes it either way.
	//
	// +optional
	// +kubebuilder:default=Percentage
	CompletionBy CompletionBy `json:"completionBy,omitempty"`
}

// CompletionBy is what completes a lesson.
//
// +kubebuilder:validation:Enum=Percentage;Watched
type CompletionBy string

// What may complete a lesson.
const (
	CompletionByPercentage CompletionBy = "Percentage"
	CompletionByWatched    CompletionBy = "Watched"
)

// RetrySpec says how a failed write is tried again. After the last retry the
// records are parked, never dropped: the sidecar goes on probing the database
// and writes them when it answers.
//
// +kubebuilder:validation:XValidation:rule="!has(self.initialDelay) || !has(self.maxDelay) || duration(self.initialDelay) <= duration(self.maxDelay)",message="initialDelay must not be longer than maxDelay"
type RetrySpec struct {
	// maxRetries after the first attempt, 0 to 20.
	//
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 20",message="maxRetries must be from 0 to 20"
	MaxRetries *int32 `json:"maxRetries,omitempty"`

	// initialDelay before the first retry, doubled for each further one; 100ms
	// to maxDelay.
	//
	// +optional
	// +kubebuilder:default="5s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('100ms')",message="initialDelay must be a duration from 100ms to maxDelay, such as 5s"
	InitialDelay metav1.Duration `json:"initialDelay,omitzero"`

	// maxDelay caps the delay, and the pause between probes while parked; up to
	// 1h.
	//
	// +optional
	// +kubebuilder:default="60s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('100ms') && duration(self) <= duration('1h')",message="maxDelay must be a duration from 100ms to 1h, such as 60s"
	MaxDelay metav1.Duration `json:"maxDelay,omitzero"`
}

// Durability says when an update is acknowledged.
//
// +kubebuilder:validation:Enum=Sync;Async
type Durability string

const (
	// DurabilitySync acknowledges what is on disk (fsync).
	DurabilitySync Durability = "Sync"
	// DurabilityAsync acknowledges before the disk has it: a crash can lose the
	// last 100 ms.
	DurabilityAsync Durability = "Async"
)

// BufferSpec bounds what a sidecar keeps until it is in the database.
type BufferSpec struct {
	// durability says when an update is acknowledged: Sync, once it is on disk
	// (fsync); Async, before, so that a crash of the node or of the sidecar can
	// lose the last 100 ms.
	//
	// +optional
	// +kubebuilder:default=Sync
	Durability Durability `json:"durability,omitempty"`

	// maxPendingRecords (learner and lesson pairs) that may wait in one
	// sidecar, 100 to 10000000. Above it, new pairs get 429; those that wait
	// already go on being merged.
	//
	// +optional
	// +kubebuilder:default=100000
	// +kubebuilder:validation:XValidation:rule="self >= 100 && self <= 10000000",message="maxPendingRecords must be from 100 to 10000000"
	MaxPendingRecords int32 `json:"maxPendingRecords,omitempty"`

	// claimName of a PersistentVolumeClaim in the policy's namespace that takes
	// the spools, instead of a volume that goes with the pod. It must exist, and
	// user 65532 must be able to write to it. Pods share it; each has a directory
	// of its own. What a pod that is gone has left there is written by another
	// that lives.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="claimName must be the name of a PersistentVolumeClaim in this namespace: lower-case letters, digits, '-' and '.'; leave it out for a volume that goes with the pod"
	ClaimName string `json:"claimName,omitempty"`

	// sizeLimit of a sidecar's spool, 64Mi or more. It is the size of the
	// volume, where a larger one is used by pods created after the change and a
	// smaller one at once; on a claim, which it does not change, it bounds each
	// sidecar's directory, and every change is used at once.
	//
	// +optional
	// +kubebuilder:default="1Gi"
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 67108864 : isQuantity(self) && quantity(self).compareTo(quantity('64Mi')) >= 0",message="sizeLimit must be a quantity of 64Mi or more, such as 1Gi"
	SizeLimit resource.Quantity `json:"sizeLimit,omitzero"`

	// replayWindow is how long written batches are kept in the spool, to be
	// applied again to a database that fell back behind them (failover to a
	// replica that lagged); 0s to 24h.
	//
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="replayWindow must be a duration from 0s to 24h, such as 10m"
	ReplayWindow *metav1.Duration `json:"replayWindow,omitempty"`

	// eventIds bounds which repeated event ids are recognized.
	//
	// +optional
	// +kubebuilder:default={}
	EventIDs EventIDsSpec `json:"eventIds,omitzero"`
}

// EventIDsSpec bounds a sidecar's memory of the event ids that it accepted. An
// update whose eventId is in it is acknowledged and not merged again.
type EventIDsSpec struct {
	// maxCount ids are remembered, and as many of other sidecars, whose learners moved
	// here; each takes about 40 bytes of memory. 0, for none, to 1000000.
	//
	// +optional
	// +kubebuilder:default=100000
	// +kubebuilder:validation:XValidation:rule="self >= 0 && self <= 1000000",message="maxCount must be from 0, for none, to 1000000 event ids"
	MaxCount *int32 `json:"maxCount,omitempty"`

	// maxAge of an id that is remembered, up to 720h; 0s for as long as maxCount
	// allows.
	//
	// +optional
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) <= duration('720h')",message="maxAge must be a duration from 0s to 720h, such as 24h"
	MaxAge *metav1.Duration `json:"maxAge,omitempty"`
}
