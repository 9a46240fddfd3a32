package gate

import (
	"encoding/json"
	"time"
)

// Entry is one request that the LMS sent for a learner.
type Entry struct {
	At          time.Time `json:"at"`
	Method      string    `json:"method"`
	Path        string    `json:"path"`
	Query       string    `json:"query,omitempty"`
	ContentType string    `json:"contentType,omitempty"`
	// Events are the event ids in the body, without those of updates that say nothing but
	// that the learner leaves.
	Events []string `json:"events,omitempty"`
	// Status of the answer; 0 if there was none.
	Status int `json:"status"`
	// Fault that it met, if any.
	Fault Kind `json:"fault,omitempty"`
}

// events finds the event ids of a body that holds one update or an array. A page tells
// the seeks in each update that becomes part of a row.
func events(body []byte) []string {
	type update struct {
		EventID    string `json:"eventId"`
		Leaving    bool   `json:"leaving"`
		SeekEvents *int   `json:"seekEvents"`
	}
	var all []update
	if json.Unmarshal(body, &all) != nil {
		var one update
		if json.Unmarshal(body, &one) != nil {
			return nil
		}
		all = []update{one}
	}
	var ids []string
	for _, u := range all {
		if isHint := u.Leaving && u.SeekEvents == nil; u.EventID != "" && !isHint {
			ids = append(ids, u.EventID)
		}
	}
	return ids
}
