package config

// AdaptiveMode says what becomes of what the database's latency tells.
type AdaptiveMode string

const (
	// AdaptiveOff measures nothing.
	AdaptiveOff AdaptiveMode = "Off"
	// AdaptiveObserve reports the factor that would be used.
	AdaptiveObserve AdaptiveMode = "Observe"
	// AdaptiveOn uses it.
	AdaptiveOn AdaptiveMode = "On"
)

// Adaptive stretches and shortens the intervals of all classes by one factor. The
// bounds are those of the default class's interval.
type Adaptive struct {
	// Mode; empty is AdaptiveOff.
	Mode AdaptiveMode `json:"mode,omitempty"`
	// MinInterval is 1s to Sync.Interval; 0 is half of Sync.Interval.
	MinInterval Duration `json:"minInterval,omitempty"`
	// MaxInterval is Sync.Interval to 24h; 0 is four times Sync.Interval.
	MaxInterval Duration `json:"maxInterval,omitempty"`
	// TargetLatency of one write, 90 of a hundred; 1ms to 1m, 0 is 100ms.
	TargetLatency Duration `json:"targetLatency,omitempty"`
}
