// Package docs tests that the documentation speaks of things that exist: fields
// and their defaults, reasons, metrics, alerts, make targets, dependencies,
// files and headings, and that every manifest in it is accepted by a real API
// server.
package docs
