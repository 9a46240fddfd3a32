// Command demo shows progress-sync at work on a real cluster: it starts one (or
// uses that of KUBECONFIG), a throwaway Postgres, the operator by its Helm chart,
// a policy, and four replicas of the sample LMS behind a Service without affinity.
// Learners in a pod of their own watch videos in accelerated time; each of their
// requests is a connection of its own to the Service, since kube-proxy picks a pod for
// a connection. At the end it compares every row with what was sent.
//
// In come flags, environment variables and the project's tree; out come lines
// for a person, a table, and an exit status that is 0 only if nothing was lost,
// doubled or wrong, and as few rows were written as is promised, where the machine
// had time for all heartbeats. The cluster stays up to be looked at; `demo down`
// removes it.
package main
