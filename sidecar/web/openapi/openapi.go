package openapi

import _ "embed" // for the document

//go:embed openapi.json
var document []byte

// Document returns the description as JSON. It must not be changed.
func Document() []byte { return document }
