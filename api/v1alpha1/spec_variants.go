package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// VariantsSpec compares settings: each learner has those of one arm, the same in every
// pod and after every restart.
type VariantsSpec struct {
	// seed of the draw; another one draws all learners anew.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="!self.matches(r'\\p{Cc}')",message="seed must have 1 to 64 characters and no control characters, such as spring-2027"
	Seed string `json:"seed"`

	// arms of the comparison.
	//
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:XValidation:rule="size(self) >= 2",message="arms must be 2 to 4: one alone compares with nothing"
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, b.name == a.name))",message="arms must have different names"
	Arms []ArmSpec `json:"arms"`
}

// ArmSpec is one arm of a comparison.
type ArmSpec struct {
	// name in metrics, answers and the status: lower-case letters, digits and '-'.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name of an arm must be 1 to 63 lower-case letters, digits and '-', such as quick"
	Name string `json:"name"`

	// weight of the arm among all, 1 to 1000.
	//
	// +required
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 1000",message="weight must be from 1 to 1000; to end an arm, take its settings out, or the whole of variants"
	Weight int32 `json:"weight"`

	// sync has the settings of the arm's own; what it leaves out is that of spec.sync.
	// What a class says for itself holds in all arms.
	//
	// +optional
	Sync ArmSyncSpec `json:"sync,omitzero"`
}

// ArmSyncSpec replaces settings of spec.sync.
//
// +kubebuilder:validation:XValidation:rule="!has(self.quietPeriod) || self.quietPeriod == 'Auto' || !has(self.interval) || duration(self.quietPeriod) <= duration(self.interval)",message="quietPeriod of an arm must not be longer than its interval"
// +kubebuilder:validation:XValidation:rule="!has(self.leaveGrace) || !has(self.interval) || duration(self.leaveGrace) <= duration(self.interval)",message="leaveGrace of an arm must not be longer than its interval"
type ArmSyncSpec struct {
	// interval as in spec.sync, 1s to 24h.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="interval must be a duration from 1s to 24h, such as 3m or 90s"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// quietPeriod as in spec.sync, or 0s for none.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self == 'Auto' || self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && (duration(self) == duration('0s') || duration(self) >= duration('1s'))",message="quietPeriod must be Auto, a duration from 1s to the interval, such as 20s, or 0s to switch it off here"
	QuietPeriod *QuietPeriod `json:"quietPeriod,omitempty"`

	// flushOnComplete as in spec.sync.
	//
	// +optional
	FlushOnComplete *bool `json:"flushOnComplete,omitempty"`

	// leaveGrace as in spec.sync.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && (duration(self) == duration('0s') || duration(self) >= duration('1s'))",message="leaveGrace must be a duration from 1s to the interval, such as 5s, or 0s to take no notice of learners who leave"
	LeaveGrace *metav1.Duration `json:"leaveGrace,omitempty"`
}
