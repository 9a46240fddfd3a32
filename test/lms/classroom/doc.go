// Package classroom runs simulated learners: each plays its video in
// accelerated time, sends an update at every heartbeat, tries again when it
// should, and has every attempt in the account before it is made. Some open their page
// again right after an update, and what it shows is compared with that.
//
// In come player.States and a pace; out go updates to the Sender, entries to the
// Recorder, and, when a learner is stopped, its State, with nothing under way.
package classroom
