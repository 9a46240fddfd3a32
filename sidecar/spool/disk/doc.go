// Package disk is what the spool needs of a file system: a few calls, each of
// which says what survives a loss of power. OS is the real one; disktest has one
// that loses what was not synced.
package disk
