// Package subject runs the programs that a benchmark measures, each as a process
// of its own, and reads from the kernel what they used.
package subject
