package config

import "time"

// AdaptiveMode says what becomes of what the database's latency tells.
type AdaptiveMode string

const (
	// AdaptiveOff measures nothing.
	AdaptiveOff AdaptiveMode = "Off"
	// AdaptiveObserve reports the factor that would be used.
	AdaptiveObserve AdaptiveMode = "Observe"
	// AdaptiveOn uses it. No policy has it, since it did not keep an application's
	// latency near its calm value; see docs/design.md, section 7.
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

// adaptiveFields are the settings of Adaptive.
func adaptiveFields(c *Config) []field {
	const section = "sync.adaptive"
	a := &c.Sync.Adaptive
	return []field{
		{section, "mode", &a.Mode, `"Off", "Observe" or "On"`,
			oneOf(&a.Mode, "", AdaptiveOff, AdaptiveObserve, AdaptiveOn)},
		{section, "minInterval", &a.MinInterval, "a duration from 1s to sync.interval, or 0s for half of it", func() bool {
			return a.MinInterval == 0 || a.MinInterval.D() >= time.Second && a.MinInterval <= c.Sync.Interval
		}},
		{section, "maxInterval", &a.MaxInterval, "a duration from sync.interval to 24h, or 0s for four times sync.interval", func() bool {
			return a.MaxInterval == 0 || a.MaxInterval >= c.Sync.Interval && a.MaxInterval.D() <= 24*time.Hour
		}},
		{section, "targetLatency", &a.TargetLatency, "a duration from 1ms to 1m, or 0s for 100ms", func() bool {
			return a.TargetLatency == 0 || within(&a.TargetLatency, time.Millisecond, time.Minute)()
		}},
	}
}
