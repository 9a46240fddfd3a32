// Package frompebble imports a spool that versions up to 0.1 kept in Pebble.
//
// Pebble's files are read and not changed. Their entries become the checkpoint of
// a new spool in the same directory, which is read back and compared; only then
// Pebble's files are removed, those first without which nothing can open the rest.
// When the process is killed or the power is lost at any moment, the next import
// finds one of these and goes on:
//
//	Pebble's files             begin
//	and an empty spool         begin again
//	and an imported spool      begin again: nobody has used either since
//	and one that was used      refuse: an earlier version has been run meanwhile
//	a part of Pebble's files
//	and an imported spool      remove the rest
//
// It keeps promise 1 of design.md (acknowledged means kept). Nothing of a learner
// is in its errors.
package frompebble
