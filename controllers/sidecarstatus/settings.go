package sidecarstatus

import (
	"regexp"
	"slices"
)

// maxSettings that are named; the others are counted with their sidecars.
const maxSettings = 8

// Settings that sidecars do not know.
type Settings struct {
	// Sidecars that do not know some setting.
	Sidecars int
	// Names of the settings, sorted, a few of them at most.
	Names []string
}

var setting = regexp.MustCompile(`^[A-Za-z.]{1,64}$`)

// add what one sidecar does not know. Names come from the pod network, so that
// only those that can be names are repeated.
func (s *Settings) add(names []string) {
	s.Sidecars++
	for _, name := range names {
		if !setting.MatchString(name) {
			continue
		}
		at, known := slices.BinarySearch(s.Names, name)
		if known {
			continue
		}
		s.Names = slices.Insert(s.Names, at, name)
		s.Names = s.Names[:min(len(s.Names), maxSettings)]
	}
}
