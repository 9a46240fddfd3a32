// Package creation finds workloads whose pods the API server refuses to create.
//
// Such pods never exist, so no count of pods shows them: a quota, a Pod Security
// profile, a LimitRange or an admission policy refuses them to the workload's
// controller, which says so in an event of reason FailedCreate and tries again.
//
// In come those events, from a cache that holds no others, and the pods of a
// namespace; out go the workloads that are in trouble still, with the labels of
// the pods that they would have and the API server's words. Whether the trouble
// stands is a pure function of the workload, which is read live, few at a time
// and not more often than its answer can change (design.md, promise 7).
package creation
