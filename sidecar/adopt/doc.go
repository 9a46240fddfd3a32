// Package adopt writes what the spools of gone pods still hold.
//
// On a claim that several pods share, each pod's spool is a directory named by
// the pod's UID, beside those of the others. A pod that was deleted while the
// database was away, or whose node died, leaves its directory behind with
// updates that were accepted. In come these directories; out goes what they hold
// to the database, under their own writer ids, and the directory is removed.
//
// It keeps promise 1 of design.md (acknowledged means kept) for pods that don't
// come back, and promise 2 (exactly once) by three means: a spool is opened by
// one process at a time, by its lock; it is moved out of its pod's way before
// that, so that a pod that does come back starts an empty one and nothing is
// ever accepted into a spool that is going to be removed; and the ledger fences
// and numbers whatever else might be.
//
// A spool on a volume of the pod's own has no siblings, and nothing happens.
package adopt
