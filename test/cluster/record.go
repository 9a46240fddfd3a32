package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/progress-sync/progress-sync/test/kit/project"
)

// record is what has to be known to undo a start, written before anything is
// started.
type record struct {
	// Number of the cluster.
	Number int `json:"number"`
	// Forwarding is the machine's IPv4 forwarding before the start.
	Forwarding string `json:"forwarding"`
}

func (o Options) recordPath() string { return o.path("cluster.json") }

func (o Options) readRecord() (record, bool) {
	content, err := os.ReadFile(o.recordPath())
	if err != nil {
		return record{}, false
	}
	var r record
	if json.Unmarshal(content, &r) != nil {
		return record{}, false
	}
	return r, true
}

func (o Options) writeRecord() error {
	before, err := os.ReadFile(forwarding)
	if err != nil {
		return fmt.Errorf("reading IPv4 forwarding: %w", err)
	}
	content, err := json.Marshal(record{Number: o.Number, Forwarding: strings.TrimSpace(string(before))})
	if err != nil {
		return fmt.Errorf("recording the cluster: %w", err)
	}
	if err := os.MkdirAll(o.RunDir(), 0o755); err != nil {
		return fmt.Errorf("making the run folder: %w", err)
	}
	if err := os.WriteFile(o.recordPath(), content, 0o644); err != nil {
		return fmt.Errorf("recording the cluster: %w", err)
	}
	return nil
}

// lock keeps others from starting or stopping the same cluster meanwhile.
func (o Options) lock() (unlock func(), err error) {
	return project.Lock(o.RunDir() + ".lock")
}
