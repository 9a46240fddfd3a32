// Package openapi holds the description of the sidecar's local API, which the
// sidecar serves at /openapi.json and from which clients can be generated.
//
// Nothing comes in; out goes an OpenAPI 3.1 document. Its promise is to be
// true: a test of this package sends what the document says to the handlers
// and holds each answer, of every status that the document names, against it.
package openapi
