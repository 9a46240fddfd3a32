package members

// Digest tells two states of the registry apart. The zero Digest is of no state.
type Digest struct {
	// Count of the members other than the one that asks.
	Count int64
	// Hash of all that a Member has of them. What it is made of may change with the
	// version of the database: it is only ever compared with another one.
	Hash string
}

// Answer is what the registry says to a sidecar that enrolls.
type Answer struct {
	Digest Digest
	// Changed says that the state is another than the one the sidecar knows, and
	// that Others is filled in.
	Changed bool
	// Others are the members of the same target that were seen within a minute, by
	// the clock of the database, without the one that asks.
	Others []Member
}
