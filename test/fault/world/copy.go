package world

import (
	"fmt"
	"os"
)

// Copy takes a copy of a sidecar's spool while that is down, for a sidecar that
// is not started yet, and brings the first one up again.
func (w *World) Copy(of *Sidecar) (*Sidecar, error) {
	of.Down()
	defer of.Up()
	c, err := w.newSidecar(of.Name+"-copy", Role{Table: of.Table})
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(c.Spool(), os.DirFS(of.Spool())); err != nil {
		return nil, fmt.Errorf("copying a spool: %w", err)
	}
	for name, set := range map[string]func(string) error{"config/config.json": c.kit.Configure, "database/uri": c.kit.SetURI} {
		content, err := os.ReadFile(of.kit.File(name))
		if err != nil {
			return nil, fmt.Errorf("copying a sidecar's files: %w", err)
		}
		if err := set(string(content)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Run starts a sidecar that Copy made.
func (s *Sidecar) Run() { s.run() }

// Discard ends such a sidecar and removes it.
func (s *Sidecar) Discard() error {
	if err := s.close(); err != nil {
		return err
	}
	if err := os.RemoveAll(s.kit.File(".")); err != nil {
		return fmt.Errorf("removing a copied spool: %w", err)
	}
	return nil
}
