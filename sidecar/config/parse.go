package config

import (
	"bytes"
	"encoding/json"
	"errors"
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
	file, err := readSections(data)
	if err != nil {
		return Config{}, err
	}
	c := Default()
	// One more than is allowed is enough to see that there are too many.
	if n := len(file.list("sync", "classes")); n > 0 {
		c.Sync.Classes = make([]Class, min(n, maxClasses+1))
	}
	if n := len(file.list("variants", "arms")); n > 0 {
		c.Variants.Arms = make([]Arm, min(n, maxArms+1))
	}
	var mistakes []string
	wrong := map[string]bool{} // fields whose value could not be read
	for _, f := range fields(&c) {
		raw := file.value(f.section, f.name)
		if raw != nil && f.whole() && json.Unmarshal(raw, f.target) != nil {
			wrong[f.path()] = true
			mistakes = append(mistakes, f.mistake(raw))
		}
	}
	for _, f := range fields(&c) {
		if wrong[f.path()] || f.valid() {
			continue
		}
		value := file.value(f.section, f.name)
		if value == nil {
			value = valueOf(f.target)
		}
		mistakes = append(mistakes, f.mistake(value))
	}
	mistakes = append(file.mistakes, mistakes...)
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
