// Package operator puts the controllers and the webhook together into one
// program.
//
// In come options and a connection to an API server; Run ends with its context.
// Every replica serves the webhook and follows the certificate; the
// reconcilers, and whatever writes, run on the leader.
//
// It keeps the operator small and weak (design.md, promise 6): the caches hold
// only what is read, and of Secrets only the one of the webhook's
// certificate, in the operator's own namespace.
package operator
