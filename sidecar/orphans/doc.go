// Package orphans writes what is unsaved in the spools of gone pods.
//
// On a claim that several pods share, each pod's spool is a directory named by
// the pod's UID, beside those of the others. A pod that was deleted while the
// database was away, or whose node died, leaves its directory behind with
// updates that were accepted: an orphan. In come these directories; out goes what
// they hold to the database, under their own writer ids, and the directory is
// removed.
//
// It keeps promise 1 of design.md (acknowledged means kept) for pods that don't
// come back, and promise 2 (exactly once) by three means. One process at a time
// opens a spool, by its lock. An orphan gets another name before that, so a pod
// that does come back starts an empty spool, and nothing is accepted into one
// that is going to be removed. And the ledger fences and numbers every batch.
// Updates that waited for their home on an orphan are passed on where there is a
// way (Options.Strays), so that their home recognizes those that it has.
//
// A spool on a volume of the pod's own has no siblings, and nothing happens.
package orphans
