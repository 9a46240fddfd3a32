package config

import (
	"encoding/json"
	"time"
)

const (
	defaultLeaveGrace    = Duration(5 * time.Second)
	defaultMinSyncWithin = Duration(15 * time.Second)
)

// MarshalJSON leaves out the settings of early writes that have their default:
// a sidecar that is older than the operator reads the file too, and tells of every
// setting that it does not know.
func (s Sync) MarshalJSON() ([]byte, error) {
	type settings Sync // without this method
	text := struct {
		settings
		LeaveGrace    *Duration `json:"leaveGrace,omitempty"`
		MinSyncWithin *Duration `json:"minSyncWithin,omitempty"`
	}{settings: settings(s)}
	if s.LeaveGrace != defaultLeaveGrace {
		text.LeaveGrace = &s.LeaveGrace
	}
	if s.MinSyncWithin != defaultMinSyncWithin {
		text.MinSyncWithin = &s.MinSyncWithin
	}
	return json.Marshal(text)
}
