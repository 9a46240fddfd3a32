// Package sending sends the outbox's events to the receivers that the policy names.
//
// In come events in the order of the outbox, lane by lane; out go requests of the
// receiver's Kind (events/webhook, events/lrs), and a cursor for each lane that moves
// behind what the receiver took. Any sidecar with access to the database may have a lane,
// one at a time: the lane is leased, requests are sent outside of any transaction, and only
// who has the lease may move the cursor. So each event arrives at least once, with the same
// id, and those of one lesson in their order.
//
// A receiver that is away is asked less and less often, by the rules of flushing, and loses
// nothing however long it lasts. An event that the receiver refuses while it takes others is
// tried a few times and then set aside, so that it holds nobody up. That keeps promises 4
// and 7 of design.md. What an answer means is decided by functions without I/O (answer.go,
// step.go); sender.go and lane.go carry it out.
package sending
