// Package iri knows the names that the standards of the field use: internationalized
// resource identifiers (RFC 3987).
package iri

import (
	"net/url"
	"strings"
)

// Is reports whether text has the form of an absolute IRI: a scheme, something behind it,
// and nothing that has to be escaped.
func Is(text string) bool {
	scheme, rest, found := strings.Cut(text, ":")
	if !found || scheme == "" || rest == "" || strings.ContainsAny(text, " \t\r\n<>\"{}|\\^`") {
		return false
	}
	_, err := url.Parse(text)
	return err == nil
}
