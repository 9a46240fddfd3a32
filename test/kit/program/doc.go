// Package program builds this project's programs and runs programs as processes:
// its own, a database's, an example's app.
//
// In: an import path, or a command with a file for its output. Out: an executable
// in the cache; a Process, which is one run; a Service, which can be started and
// ended again and again. A process ends with the one that started it, even if that
// is killed.
package program
