// Command sessions plays sessions of learners in real time on real sidecars with a
// Postgres, and reads from the rows when each session's last state was saved, and how
// many rows that took.
//
//	go run ./test/bench/sessions -help
//
// The same sessions go to a sidecar that has the interval alone and to one that follows
// each record's rhythm and the hints of those who leave. A third sidecar has lessons of
// several lengths, in classes of their own. A trigger notes each write of a row.
package main
