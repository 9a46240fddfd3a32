package buffer

import (
	"errors"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// unmergedReason is why an item was not merged, 0 if it was.
func unmergedReason(r *Result) spool.UnmergedReason {
	switch {
	case r.Duplicate:
		return spool.UnmergedRepeated
	case r.Err == nil:
		return 0
	case errors.Is(r.Err, ErrFull):
		return spool.UnmergedFull
	case errors.Is(r.Err, ErrErased):
		return spool.UnmergedErased
	default:
		return spool.UnmergedRange
	}
}

// unmergedOf are the items of a batch that were not merged, by their results.
func unmergedOf(results []Result) (runs []spool.Unmerged) {
	for i := range results {
		reason := unmergedReason(&results[i])
		if reason == 0 {
			continue
		}
		if n := len(runs) - 1; n >= 0 && runs[n].Reason == reason && runs[n].First+runs[n].Count == i {
			runs[n].Count++
			continue
		}
		runs = append(runs, spool.Unmerged{First: i, Count: 1, Reason: reason})
	}
	return runs
}

// fillUnmerged is the inverse of unmergedOf, but for records. A batch that is
// shorter than it was has no results for what is missing.
func fillUnmerged(results []Result, runs []spool.Unmerged) {
	for _, run := range runs {
		for i := run.First; i < min(run.First+run.Count, len(results)); i++ {
			switch r := &results[i]; run.Reason {
			case spool.UnmergedRepeated:
				r.Duplicate = true
			case spool.UnmergedFull:
				r.Err = ErrFull
			case spool.UnmergedErased:
				r.Err = ErrErased
			case spool.UnmergedRange:
				r.Err = ErrRange
			}
		}
	}
}
