// Command demo shows progress-sync at work on a real cluster: it starts one (or
// uses that of KUBECONFIG), a throwaway Postgres, the operator by its Helm chart,
// a policy, and two replicas of the sample LMS whose learners watch videos in
// accelerated time. At the end it compares every row with what was sent.
//
// In come flags, environment variables and the project's tree; out come lines
// for a person, a table, and an exit status that is 0 only if nothing was lost,
// doubled or wrong. The cluster stays up to be looked at; `demo down` removes it.
package main
