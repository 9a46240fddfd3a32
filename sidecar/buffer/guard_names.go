package buffer

import "strings"

// Pebble finds its manifest by the name of an empty file, the marker. To move
// it, Pebble creates the new marker, removes the old one and syncs the
// directory once, behind both. Which names a power loss in between leaves is up
// to the file system then: one that doesn't keep their order can have the new
// marker without the manifest that it names, which nothing can open, or no
// marker at all, which passes for a spool that was never written to.

// settleNames is called before a name comes or goes. Before a marker's, it
// returns when the disk has all that happened to names so far.
func (g *guardedFS) settleNames(name string) error {
	if !strings.HasPrefix(g.PathBase(name), "marker.") {
		return nil
	}
	if err := g.syncDir(g.PathDir(name)); err != nil {
		return err
	}
	if g.fault.failed() {
		return ErrFailed
	}
	return nil
}

// Remove implements vfs.FS.
func (g *guardedFS) Remove(name string) error {
	if err := g.settleNames(name); err != nil {
		return err
	}
	return g.FS.Remove(name)
}
