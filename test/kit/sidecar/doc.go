// Package sidecar runs the sidecar's program with the files that it has in a pod:
// its configuration, the database's URI, the spool and the termination log.
//
// In: the program, a folder, and what differs from a plain pod. Out: a process on
// two loopback addresses that are known before it starts and stay the same when it
// is started again. The package knows the program by its flags and its HTTP API,
// and imports none of its code.
package sidecar
