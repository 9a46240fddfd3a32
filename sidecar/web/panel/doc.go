// Package panel is the sidecar's debug panel, which a person looks at through
// `kubectl port-forward` at http://127.0.0.1:8787/ui/.
//
// In come the state of the sidecar and its configuration; out go a page of
// a few small files, which is part of the binary and loads nothing from
// elsewhere, and one JSON document that it draws. What the page changes, it
// changes through the local API (package ingest) like everybody else.
//
// The document holds nothing of a learner and no connection string (design.md,
// promise 6); what the page shows of a learner, dead letters and what a look-up
// finds, comes from the local API, and only once the person asks for it. The
// document asks neither the database nor the disk.
package panel
