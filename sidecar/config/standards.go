package config

import (
	"slices"
	"unicode/utf8"
)

// areStandards allows each standard once.
func areStandards(list []Standard) bool {
	known := []Standard{StandardXAPI, StandardCaliper}
	for i, s := range list {
		if !slices.Contains(known, s) || slices.Contains(list[:i], s) {
			return false
		}
	}
	return true
}

// arePrefixes allows texts that an IRI may begin with.
func arePrefixes(list []string) bool {
	const most, longest = 16, 255
	for i, p := range list {
		if p == "" || utf8.RuneCountInString(p) > longest || slices.Contains(list[:i], p) {
			return false
		}
	}
	return len(list) <= most
}
