package xapi

import (
	"cmp"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
)

// playedSegments reads what the video profile writes as 0[.]12[,]30[.]45, the seconds from and
// to of each part in the order in which they were played. It returns them united and
// in the order of the video. A part that can't be read is left out.
func playedSegments(text string) [][2]float64 {
	var all [][2]float64
	for part := range strings.SplitSeq(text, "[,]") {
		from, to, is := strings.Cut(part, "[.]")
		if !is {
			continue
		}
		first, isFirst := second(from)
		last, isLast := second(to)
		if isFirst && isLast && first < last {
			all = append(all, [2]float64{first, last})
		}
	}
	slices.SortFunc(all, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
	united := all[:0]
	for _, s := range all {
		if n := len(united); n > 0 && s[0] <= united[n-1][1] {
			united[n-1][1] = max(united[n-1][1], s[1])
			continue
		}
		united = append(united, s)
	}
	return united
}

func second(text string) (float64, bool) {
	const furthest = 1e10 // as for a position
	n, is := standards.NumberIn(text)
	return n, is && n >= 0 && n <= furthest
}

// lengthOf are the seconds in segments that don't overlap.
func lengthOf(segments [][2]float64) (sum float64) {
	for _, s := range segments {
		sum += s[1] - s[0]
	}
	return sum
}
