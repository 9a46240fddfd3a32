// Package programs builds the programs that a Kubernetes cluster consists of,
// each from a module of its own under test/cluster/tools, where go.mod and
// go.sum pin it.
//
// In: the names of programs. Out: executables in the cache folder's bin,
// rebuilt only when their pins, their build flags or the Go toolchain change.
package programs
