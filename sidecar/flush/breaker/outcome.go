package breaker

import "github.com/progress-sync/progress-sync/sidecar/postgres"

// Kind says what came of an attempt.
type Kind int

const (
	// Abandoned: nothing came of it, as at a shutdown.
	Abandoned Kind = iota
	// Wrote: the database has carried it out.
	Wrote
	// Reached: the database was reached, and there was nothing to write. That says
	// nothing about a failure of writing.
	Reached
	// Failed: it failed, and not by the fault of a batch's data.
	Failed
	// Refused: the database refused a batch for a record in it, which is dealt with.
	Refused
	// Doubted: the database refused a batch and nobody knows whether a record is at
	// fault or the table.
	Doubted
	// Stopped: flushing has to end for good.
	Stopped
)

// Outcome is what came of an attempt.
type Outcome struct {
	Kind Kind
	// Failure of Failed, Refused, Doubted and Stopped.
	Failure postgres.Failure
	// AtLedger, with Failed: it got no further than asking where the ledger stands.
	AtLedger bool
	// OwnLane, with Failed: another lane might fare better.
	OwnLane bool
	// Doubt, with Doubted.
	Doubt Doubt
	// Written is how many batches the database has taken as far as the lane knows,
	// all lanes together.
	Written uint64
}

// Doubt is what a lane knows when an attempt has ended in doubt.
type Doubt struct {
	// AgainstTable: so much is in doubt that the lane is kept back as a whole until
	// the next probe.
	AgainstTable bool
	// Quiet: the lane has only batches in doubt.
	Quiet bool
	// Final: so have all other lanes, so that nothing is left that could tell
	// whose fault it is.
	Final bool
}
