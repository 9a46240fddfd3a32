// Package upgrade brings a spool over that an earlier version wrote with Pebble.
//
// Pebble is half of what the sidecar's program would be, and it is needed once in
// the life of a spool. So the import is a program of its own, spool-import, which
// the sidecar starts when it finds Pebble's files. It keeps promise 1 of design.md
// (acknowledged means kept) across the upgrade. Package frompebble is what that
// program does.
package upgrade
