// Package readme follows the README's section "Install" to the letter on the test
// cluster: its lines are run one after the other, as a reader copies them.
//
// In: the README, and the sample that it applies. Out: whether that leads to a pod
// with a working sidecar and to a policy that says so. Only what cannot be the same
// is replaced: how images get into the cluster, the address of the database, and the
// image of the pod that stands for an LMS, which would have to be pulled.
//
// The test is behind the build tag e2e and needs root, or KUBECONFIG.
package readme
