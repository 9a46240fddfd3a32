// Package e2e tests the failure cases of the whole product on a real cluster:
// the operator is installed by the Helm chart, its sidecars are injected into
// pods of the sample LMS, and what the simulated learners were told is compared
// with the rows in a real Postgres.
//
// In: the tree, from which the images are built. Out: for each case, whether
// the promises of docs/design.md hold. Each test has a namespace, a database
// and a policy of its own, so that they run side by side; those that take the
// operator away run alone, first.
//
// The tests are behind the build tag e2e and need root, or KUBECONFIG.
package e2e
