package world

import (
	"encoding/json"
	"fmt"
)

const policyNamespace = "campus"

// Configure hands World.Config to the sidecars, as a new generation.
func (w *World) Configure() error {
	w.Config.Policy.Generation++
	for _, s := range w.Sidecars {
		c := w.Config
		// What is sent of each table is a policy's of its own.
		c.Policy.Namespace, c.Policy.Name = policyNamespace, "own"
		if s.Table == MappedTable {
			c.Policy.Name, c.Database.Mapping = "mapped", mapping()
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
