// Package debian makes sure that the few programs that come from the
// distribution are there.
//
// In: the needs of a command. Out: installed packages when run as root on
// Debian, or an error with the one line to run.
package debian
