// Package control is how a test driver leads the learners of a pod from
// outside: over HTTP on the pod network, which carries commands and counts, and
// never progress.
//
//	POST /learners  start new learners, or ones that were stopped elsewhere
//	POST /stop      stop some or all; answers where they are, when all is settled
//	GET  /stats     what they have met with
//	GET  /truth     the account, where it is kept in the pod
//	GET  /healthz   200
package control
