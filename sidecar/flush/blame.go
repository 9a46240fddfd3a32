package flush

import "github.com/progress-sync/progress-sync/sidecar/postgres"

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
	// alone: the spool holds no other record that could tell.
	alone bool
	// aside is how many records were set aside since something was written last.
	aside int
	// doubts is how many batches the lane has in doubt.
	doubts int
}

const (
	// mostDoubts in a lane, with nothing written, speak against the table. What
	// is refused then is not taken apart any more, and tried one at a time.
	mostDoubts = 8
	// mostAside records are set aside with only one other written, which may have
	// come just before the table's own trouble began.
	mostAside = 3
)

// blame says whose fault a refusal is. The SQLSTATE can't tell: a trigger that
// raises an exception may mean one learner or everybody. The neighbours can: if
// others are written, the record is set aside; as long as none is, it is kept.
func blame(r refusal) verdict {
	switch {
	case r.records > 1 && !r.written && r.doubts >= mostDoubts:
		return verdictDoubt
	case r.records > 1:
		return verdictSplit
	case r.written && (r.again || r.aside < mostAside):
		return verdictQuarantine
	case r.certain && r.alone && r.aside == 0:
		return verdictQuarantine
	default:
		return verdictDoubt
	}
}

// isRefusal reports whether the failure may be a record's own.
func isRefusal(f postgres.Failure) bool {
	return f.Retry == postgres.Data || f.Retry == postgres.Suspect
}
