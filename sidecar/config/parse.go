package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Parse reads a configuration file. Settings that are left out or null keep
// their defaults, unknown ones are ignored, so that an older sidecar can read
// the file of a newer operator; UnknownSettings names them. The error names every mistake with its field,
// its value and what is allowed.
func Parse(data []byte) (Config, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return Default(), nil
	}
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(data, &sections); err != nil {
		return Config{}, fmt.Errorf("the configuration must be one JSON object: %w", err)
	}
	c := Default()
	var mistakes []string
	wrong := map[string]bool{} // fields whose value could not be read
	values := map[string]map[string]json.RawMessage{}
	for _, f := range fields(&c) {
		section, known := values[f.section]
		if !known {
			if raw, given := sections[f.section]; given && json.Unmarshal(raw, &section) != nil {
				mistakes = append(mistakes, fmt.Sprintf("%s must be a JSON object", f.section))
			}
			values[f.section] = section
		}
		raw, given := section[f.name]
		if !given || string(raw) == "null" {
			continue
		}
		if json.Unmarshal(raw, f.target) != nil {
			wrong[f.path()] = true
			mistakes = append(mistakes, f.mistake(raw))
		}
	}
	for _, f := range fields(&c) {
		if wrong[f.path()] || f.valid() {
			continue
		}
		value, given := values[f.section][f.name]
		if !given || string(value) == "null" {
			value = valueOf(f.target)
		}
		mistakes = append(mistakes, f.mistake(value))
	}
	if m := c.Database.Mapping; m != nil && !wrong["database.mapping"] {
		m.setDefaults()
		mistakes = append(mistakes, m.mistakes()...)
	}
	if err := joined(mistakes); err != nil {
		return Config{}, err
	}
	return c, nil
}

// joined makes one error of all mistakes.
func joined(mistakes []string) error {
	if len(mistakes) == 0 {
		return nil
	}
	return errors.New(strings.Join(mistakes, "; "))
}
