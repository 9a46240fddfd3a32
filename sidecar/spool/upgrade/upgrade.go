package upgrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Report is how much an import brought over.
type Report struct {
	Pending     int `json:"pending"`     // records
	Batches     int `json:"batches"`     // frozen or kept
	DeadLetters int `json:"deadLetters"` // records
	EventIDs    int `json:"eventIds"`
	Tombstones  int `json:"tombstones"`
	// Bytes is the size of the names and values of all entries.
	Bytes int64 `json:"bytes"`
}

// Import returns what spool.Options.Import takes: it runs the program that lies
// beside this one, and passes on what that reports.
func Import(ctx context.Context, done func(dir string, r Report)) func(dir string) error {
	return func(dir string) error {
		program, err := Program()
		if err != nil {
			return err
		}
		r, err := Run(ctx, program, dir)
		if err == nil {
			done(dir, r)
		}
		return err
	}
}

// ProgramName is the import's, beside the sidecar.
const ProgramName = "spool-import"

// Program returns the path of spool-import, which lies beside the running program.
func Program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", ProgramName, err)
	}
	return filepath.Join(filepath.Dir(self), ProgramName), nil
}

// Run runs the program on a spool's directory and returns what it reports. When it
// is killed at any moment nothing is lost, and Run can be called again.
func Run(ctx context.Context, program, dir string) (r Report, err error) {
	var out, problems bytes.Buffer
	command := exec.CommandContext(ctx, program, dir)
	command.Stdout, command.Stderr = &out, &problems
	err = command.Run()
	if text := bytes.TrimSpace(problems.Bytes()); err != nil && len(text) > 0 {
		err = errors.New(string(text))
	}
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &r)
	}
	if err != nil {
		return Report{}, fmt.Errorf("importing the spool of an earlier version with %s: %w", program, err)
	}
	return r, nil
}
