package progress

// Batch is a frozen set of records, sorted by key with no key twice, that is
// written to the database in one transaction and exactly once. A lane writes its
// batches in the order of their numbers.
type Batch struct {
	Lane   int
	Number uint64
	// ID is random, chosen when the batch was frozen; 0 if it is not known. It
	// tells the batch from one that a copy of the spool froze under the same
	// number.
	ID uint64
	// Oldest is when the first update of the record that waited longest was
	// accepted.
	Oldest  Instant
	Records []Record
	// Opened is when the first update of each record was accepted. It is nil of a
	// batch that was frozen before the process started, and of one that is replayed:
	// then Oldest stands for all.
	Opened []Instant
}
