package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// QuietPeriod is Auto or a duration, such as 20s.
type QuietPeriod string

// QuietPeriodAuto follows the rhythm of each record's own updates.
const QuietPeriodAuto QuietPeriod = "Auto"

// ClassSpec is what some lessons have of their own; what it leaves out is that of the
// learner's variant, or else of sync.
//
// +kubebuilder:validation:XValidation:rule="!has(self.quietPeriod) || self.quietPeriod == 'Auto' || !has(self.interval) || duration(self.quietPeriod) <= duration(self.interval)",message="quietPeriod of a class must not be longer than its interval"
type ClassSpec struct {
	// name in metrics and in the status: lower-case letters, digits and '-'.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self != 'default' && self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name of a class must be 1 to 63 lower-case letters, digits and '-', such as short, and not default, which is the class of all other lessons"
	Name string `json:"name"`

	// match says which lessons the class is for.
	//
	// +required
	Match ClassMatch `json:"match"`

	// interval of these lessons, 1s to 24h.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="interval must be a duration from 1s to 24h, such as 3m or 90s"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// quietPeriod of these lessons: Auto, 0s for none, or a duration from 1s to the
	// interval of the class.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self == 'Auto' || self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && (duration(self) == duration('0s') || duration(self) >= duration('1s'))",message="quietPeriod must be Auto, a duration from 1s to the interval, such as 20s, or 0s to switch it off here"
	QuietPeriod *QuietPeriod `json:"quietPeriod,omitempty"`

	// flushOnComplete writes a record of these lessons within 150 ms when it becomes
	// completed.
	//
	// +optional
	FlushOnComplete *bool `json:"flushOnComplete,omitempty"`
}

// MatchedID is an id, or with a * at its end all that begin like it.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 256",message="an id in match has 1 to 256 bytes; one that ends in * stands for all that begin like it"
type MatchedID string

// ClassMatch says which lessons a class is for. All conditions that are there must
// hold.
//
// +kubebuilder:validation:XValidation:rule="has(self.minDuration) && duration(self.minDuration) > duration('0s') || has(self.maxDuration) && duration(self.maxDuration) > duration('0s') || has(self.courseIds) || has(self.moduleIds) || has(self.lessonIds)",message="match must have one of minDuration, maxDuration, courseIds, moduleIds and lessonIds at least: what no class matches is of the default class"
// +kubebuilder:validation:XValidation:rule="!has(self.minDuration) || !has(self.maxDuration) || duration(self.maxDuration) == duration('0s') || duration(self.minDuration) <= duration(self.maxDuration)",message="minDuration must not be longer than maxDuration"
type ClassMatch struct {
	// minDuration of the lesson, up to 24h. A lesson whose updates tell no duration
	// matches no bound.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="minDuration must be a duration up to 24h, such as 30m"
	MinDuration *metav1.Duration `json:"minDuration,omitempty"`

	// maxDuration of the lesson, up to 24h; a lesson that is just as long is matched.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="maxDuration must be a duration up to 24h, such as 5m"
	MaxDuration *metav1.Duration `json:"maxDuration,omitempty"`

	// courseIds, of which the course is one. An entry that ends in * stands for all that
	// begin like it.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	CourseIDs []MatchedID `json:"courseIds,omitempty"`

	// moduleIds, of which the module is one, as courseIds.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	ModuleIDs []MatchedID `json:"moduleIds,omitempty"`

	// lessonIds, of which the lesson is one, as courseIds.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	LessonIDs []MatchedID `json:"lessonIds,omitempty"`
}
