package blame

// Verdict is what follows the refusal of a batch.
type Verdict int

const (
	// Split: a record of several is at fault; write the batch's halves.
	Split Verdict = iota
	// SetAside: the one record is at fault.
	SetAside
	// Doubt: the record is at fault or the table is; keep it.
	Doubt
)

// refusal is what is known of a batch that the database has refused.
type refusal struct {
	// records of the batch.
	records int
	// certain: the SQLSTATE speaks of data, and not of what a trigger made of it.
	certain bool
	// written: since this batch was refused, or the one that it was a part of,
	// the database took another.
	written bool
	// again: it was refused on its own before, so that written comes from between
	// the two times.
	again bool
	// alone: it was due alone, with no other record that could tell.
	alone bool
	// aside is how many records were set aside for the same cause since something
	// was written last.
	aside int
	// doubts is how many batches the lane has in doubt.
	doubts int
}

const (
	// mostDoubts in a lane, with nothing written, speak against the table. What
	// is refused then is not taken apart any more, and tried one at a time.
	mostDoubts = 8
	// mostAside records in a row are set aside while little speaks for the table:
	// one that was written just before its own trouble may have begun, or only the
	// SQLSTATE.
	mostAside = 3
)

func judge(r refusal) Verdict {
	switch {
	case r.records > 1 && !r.written && r.doubts >= mostDoubts:
		return Doubt
	case r.records > 1:
		return Split
	case r.written && r.again:
		return SetAside
	case (r.written || r.certain && r.alone) && r.aside < mostAside:
		return SetAside
	default:
		return Doubt
	}
}
