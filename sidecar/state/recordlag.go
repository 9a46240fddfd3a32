package state

import (
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// lagOf is how many seconds the record at an index of the batch waited from the
// acceptance of its first unsaved update until now: from that of the batch's oldest
// where the record's own is not known.
func lagOf(b *progress.Batch, i int, now progress.Instant) float64 {
	from := b.Oldest
	if len(b.Opened) == len(b.Records) && b.Opened[i] != 0 {
		from = b.Opened[i]
	}
	return max(0, float64(now-from)/1e6)
}

// batchLag is how many seconds so many records of a batch took at most.
type batchLag struct {
	seconds float64
	records int
}

// maxGroups bounds what is kept of the lags of one batch.
const maxGroups = 16

// groupsOf puts the lags of a batch's records into groups of almost the same size, of
// the shortest to the longest, each with the longest lag in it. It sorts the lags.
func groupsOf(lags []float64) []batchLag {
	slices.Sort(lags)
	var groups []batchLag
	for i := range maxGroups {
		begin, end := i*len(lags)/maxGroups, (i+1)*len(lags)/maxGroups
		if begin == end {
			continue
		}
		seconds := lags[end-1]
		if last := len(groups) - 1; last >= 0 && groups[last].seconds == seconds {
			groups[last].records += end - begin
			continue
		}
		groups = append(groups, batchLag{seconds, end - begin})
	}
	return groups
}
