package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// InjectedVariable is the environment variable in which the operator gives a
// sidecar the configuration of the moment when its pod was injected.
const InjectedVariable = "PROGRESS_SYNC_CONFIG"

// Candidate is a configuration that was found somewhere and may be taken into
// use.
type Candidate struct {
	// From is where it was found, such as a path.
	From string
	// Text of it, empty where nothing was found.
	Text []byte
	// Config that it says. If Err is set only its policy counts, as far as that
	// could be read.
	Config Config
	// Unknown settings, sorted, which are ignored; see UnknownSettings.
	Unknown []string
	// Err says why it can't be used.
	Err error
}

// Read a text as a configuration. Without anything but space in it, it is as if
// there were none: what was not written to its end must not reset anything.
func Read(from string, text []byte) Candidate {
	c := Candidate{From: from, Text: text}
	if len(bytes.TrimSpace(text)) == 0 {
		c.Text = nil
		return c
	}
	config, err := Parse(text)
	if err != nil {
		c.Config.Policy = policyOf(text)
		c.Err = fmt.Errorf("%s: %w", from, err)
		return c
	}
	c.Config, c.Unknown = config, UnknownSettings(text)
	return c
}

// ReadFile reads the configuration at a path, where nothing need be.
func ReadFile(path string) Candidate {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Candidate{From: path}
	case err != nil:
		return Candidate{From: path, Err: fmt.Errorf("reading the configuration: %w", err)}
	}
	return Read(path, text)
}

// usable says that the candidate can be taken into use.
func (c Candidate) usable() bool { return len(c.Text) > 0 && c.Err == nil }

// policyOf a text whose settings can't be used.
func policyOf(text []byte) Policy {
	var file struct {
		Policy struct{ Namespace, Name string }
	}
	if json.Unmarshal(text, &file) != nil {
		return Policy{}
	}
	return Policy{Namespace: file.Policy.Namespace, Name: file.Policy.Name}
}
