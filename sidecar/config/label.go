package config

import "regexp"

// label is the form of the names of classes and arms, that of a DNS label.
var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// distinct reports whether the name at place i is a label that no other has.
func distinct(names []string, i int) bool {
	for j, name := range names {
		if j != i && name == names[i] {
			return false
		}
	}
	return label.MatchString(names[i])
}
