// Package process starts programs that outlive their starter and finds them
// again.
//
// In: a program, its arguments and the run folder it belongs to. Out: a
// detached process with a log file, known by its id and start time, and by a
// variable in its environment that its children inherit. Nothing is ever stopped
// by its name.
package process
