package world

import (
	"encoding/json"
	"fmt"
)

// Configure hands World.Config to the sidecars, as a new generation.
func (w *World) Configure() error {
	w.Config.Policy.Generation++
	for _, s := range w.Sidecars {
		c := w.Config
		if s.Table == MappedTable {
			c.Database.Mapping = mapping()
		}
		content, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encoding a configuration: %w", err)
		}
		if err := s.kit.Configure(string(content)); err != nil {
			return err
		}
	}
	return nil
}
