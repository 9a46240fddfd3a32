package iri_test

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/iri"
)

// What is taken for a name and is none makes a record store refuse the statement for good.
func TestWhatIsAnIRI(t *testing.T) {
	for text, want := range map[string]bool{
		"https://lms.example.com/courses/go": true,
		"https://lms.example.com/ünits/日本":   true,
		"urn:isbn:0451450523":                true,
		"mailto:ada@example.com":             true,
		"":                                   false,
		"go-101":                             false,
		"https:":                             false,
		"://lms.example.com":                 false,
		"https://lms.example.com/a b":        false,
		"https://lms.example.com/{lessonId}": false,
		"https://lms.example.com/%zz":        false,
		"1lms:lesson":                        false,
		"https://[lms.example.com":           false,
	} {
		if got := iri.Is(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
