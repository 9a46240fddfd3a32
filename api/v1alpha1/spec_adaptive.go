package v1alpha1

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AdaptiveMode says what becomes of what the database's latency tells. In JSON false is
// Off, too.
type AdaptiveMode string

const (
	// AdaptiveOff measures nothing.
	AdaptiveOff AdaptiveMode = "Off"
	// AdaptiveObserve reports the factor that the intervals would be stretched by.
	AdaptiveObserve AdaptiveMode = "Observe"
)

// UnmarshalJSON reads false as AdaptiveOff: YAML 1.1, which kubectl reads, takes the
// bare word for it.
func (m *AdaptiveMode) UnmarshalJSON(data []byte) error {
	if string(data) == "false" {
		*m = AdaptiveOff
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("sync.adaptive.mode is Off or Observe: %w", err)
	}
	*m = AdaptiveMode(text)
	return nil
}

// AdaptiveSpec finds the factor by which the intervals of all classes could be stretched
// or shortened. The bounds are those of sync.interval.
type AdaptiveSpec struct {
	// mode Observe tells in the status by which factor the intervals would be
	// stretched, and stretches none; Off measures nothing. YAML takes a bare Off for
	// false, which means the same.
	//
	// +optional
	// +kubebuilder:default=Off
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Enum=Off;Observe;false
	// +kubebuilder:pruning:PreserveUnknownFields
	Mode AdaptiveMode `json:"mode,omitempty"`

	// minInterval that sync.interval would be shortened to, 1s to sync.interval; half of it
	// if unset.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s')",message="minInterval must be a duration from 1s to sync.interval, such as 90s"
	MinInterval *metav1.Duration `json:"minInterval,omitempty"`

	// maxInterval that sync.interval would be stretched to, sync.interval to 24h; four times
	// sync.interval if unset.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="maxInterval must be a duration from sync.interval to 24h, such as 10m"
	MaxInterval *metav1.Duration `json:"maxInterval,omitempty"`

	// targetLatency of a single write, which 90 of a hundred must not exceed; 1ms to 1m,
	// 100ms if unset.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1ms') && duration(self) <= duration('1m')",message="targetLatency must be a duration from 1ms to 1m, such as 100ms"
	TargetLatency *metav1.Duration `json:"targetLatency,omitempty"`
}
