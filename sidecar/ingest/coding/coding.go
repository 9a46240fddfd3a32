package coding

import (
	"net/http"
	"strings"
)

// Coding is how a body is compressed.
type Coding int

const (
	// Identity is no compression.
	Identity Coding = iota
	// Gzip is RFC 1952.
	Gzip
	// Zstd is RFC 8878.
	Zstd
)

// Accepted is what is accepted, as the header field Accept-Encoding of an answer has it
// (RFC 7694).
const Accepted = "gzip, zstd"

// String is the coding's name in the header field Content-Encoding.
func (c Coding) String() string {
	switch c {
	case Gzip:
		return "gzip"
	case Zstd:
		return "zstd"
	default:
		return "identity"
	}
}

// All are the codings.
func All() []Coding { return []Coding{Identity, Gzip, Zstd} }

// Of returns the coding that a request's header names, and false for one that is not
// known and for several on top of each other.
func Of(header http.Header) (c Coding, known bool) {
	lines := header["Content-Encoding"]
	switch len(lines) {
	case 0:
		return Identity, true
	case 1:
	default:
		return Identity, false
	}
	switch name := strings.TrimSpace(lines[0]); {
	case name == "", strings.EqualFold(name, "identity"):
		return Identity, true
	case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
		return Gzip, true
	case strings.EqualFold(name, "zstd"):
		return Zstd, true
	}
	return Identity, false
}
