package flush

import "github.com/progress-sync/progress-sync/sidecar/progress"

const (
	// maxRound is the number of batches that go in one round trip. Each is a
	// transaction of its own, but all of a round are frozen in one write to the
	// disk and wait together for the database's.
	maxRound = 32
	// maxRoundRecords bounds what one round sends, and with it the memory that
	// it takes and the time until its first answer.
	maxRoundRecords = 2000
)

// roundOf is how many batches of the given size make a round.
func roundOf(batchSize int) int {
	return max(1, min(maxRound, maxRoundRecords/batchSize))
}

// portion is the first of the batches, as many as may go in one round of at
// most limit batches. There is one in any case.
func portion(batches []progress.Batch, limit int) []progress.Batch {
	records := 0
	for i, b := range batches {
		records += len(b.Records)
		if i > 0 && (i >= limit || records > maxRoundRecords) {
			return batches[:i]
		}
	}
	return batches
}

// pace is how many batches a lane dares to send at once. After a failure it
// starts again with one, so that a database that is too slow for a whole round
// in the time it is given still gets ahead; each round that is carried out
// doubles it.
type pace struct{ limit int }

func (p *pace) of(round int) int {
	if p.limit == 0 {
		p.limit = maxRound
	}
	return min(p.limit, round)
}

func (p *pace) succeeded() { p.limit = min(2*max(p.limit, 1), maxRound) }

func (p *pace) failed() { p.limit = 1 }
