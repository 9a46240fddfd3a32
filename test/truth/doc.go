// Package truth is the oracle of the tests and of the demo: an account of every
// update that was sent to a sidecar, and the comparison of that account with
// the rows in Postgres.
//
// In comes an entry before each request (what is about to be sent) and one
// after it (the answer). Out comes a Report that tells lost, doubled and wrong
// apart. An update whose answer was never seen may or may not have counted, and
// the comparison accepts a row with or without it, but nothing in between.
//
// The package knows the promises of the product (design.md, promises 1 to 3 and
// the table of section 4) and none of its code: what a row should hold is
// worked out here from the list of updates, not by the sidecar's merge.
//
// Senders give the updates of one key strictly increasing times of their own,
// no later than the sidecar's clock; then the order of arrival plays no part in
// what a row should hold.
package truth
