package v1alpha1

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AdaptiveMode says what becomes of what the database's latency tells. In JSON false is
// Off and true is On, too.
type AdaptiveMode string

const (
	// AdaptiveOff measures nothing.
	AdaptiveOff AdaptiveMode = "Off"
	// AdaptiveObserve reports the factor that would be used.
	AdaptiveObserve AdaptiveMode = "Observe"
	// AdaptiveOn uses it.
	AdaptiveOn AdaptiveMode = "On"
)

// UnmarshalJSON reads false as AdaptiveOff and true as AdaptiveOn: YAML 1.1, which
// kubectl reads, takes bare words for them.
func (m *AdaptiveMode) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "false":
		*m = AdaptiveOff
		return nil
	case "true":
		*m = AdaptiveOn
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("sync.adaptive.mode is Off, Observe or On: %w", err)
	}
	*m = AdaptiveMode(text)
	return nil
}

// AdaptiveSpec stretches and shortens the intervals of all classes by one factor. The
// bounds are those of sync.interval.
type AdaptiveSpec struct {
	// mode Observe tells in the status by which factor the intervals would be
	// stretched; On stretches them; Off measures nothing. YAML takes a bare Off for false
	// and a bare On for true, which mean the same.
	//
	// +optional
	// +kubebuilder:default=Off
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Enum=Off;Observe;On;false;true
	// +kubebuilder:pruning:PreserveUnknownFields
	Mode AdaptiveMode `json:"mode,omitempty"`

	// minInterval that sync.interval is shortened to, 1s to sync.interval; half of it
	// if unset.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s')",message="minInterval must be a duration from 1s to sync.interval, such as 90s"
	MinInterval *metav1.Duration `json:"minInterval,omitempty"`

	// maxInterval that sync.interval is stretched to, sync.interval to 24h; four times
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
