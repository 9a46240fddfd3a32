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
	// certain: the SQLSTATE is one of unfit data, and not one that a trigger
	// raised.
	certain bool
	// written: the database took another batch since this one, or the one that
	// it was a part of, was refused.
	written bool
	// again: it was refused before and is refused once more. What is written
	// was so between the two refusals then.
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
	// mostDoubts is how many batches of a lane may be in doubt before the table
	// counts as the cause. What is refused from then on is not split any more,
	// and one batch in doubt is tried at a time.
	mostDoubts = 8
	// mostAside is how many records in a row are set aside on weak evidence: a
	// batch that was written before this one was refused, after which the
	// table's own trouble may have begun, or the SQLSTATE alone.
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
