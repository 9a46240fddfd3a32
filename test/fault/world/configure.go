package world

import (
	"encoding/json"
	"fmt"
)

// Configure hands World.Config to the sidecars, as a new generation.
func (w *World) Configure() error {
	w.Config.Policy.Generation++
	content, err := json.Marshal(w.Config)
	if err != nil {
		return fmt.Errorf("encoding a configuration: %w", err)
	}
	for _, s := range w.Sidecars {
		if err := replace(s.file("config/config.json"), string(content)); err != nil {
			return err
		}
	}
	return nil
}
