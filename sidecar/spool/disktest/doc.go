// Package disktest is a disk in memory for tests: it can lose its power, fill
// up, and fail at any operation.
package disktest
