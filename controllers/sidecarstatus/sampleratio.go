package sidecarstatus

import "math"

const (
	// leastLearners for which the sample ratio says something.
	leastLearners = 300
	// mismatchBelow is the p-value below which a draw is not believed.
	mismatchBelow = 0.001
)

// SampleRatio compares how many learners arms have with their weights.
type SampleRatio struct {
	// PValue is how likely a fair draw is that far off, or further.
	PValue   float64
	Mismatch bool
}

// SampleRatioOf two to four arms, each with its learners and its weight. It returns
// false for fewer than 300 learners, and for other numbers of arms.
func SampleRatioOf(learners, weights []int64) (SampleRatio, bool) {
	var all, total float64
	for i := range learners {
		all += float64(learners[i])
		total += float64(weights[i])
	}
	if all < leastLearners || total <= 0 || len(learners) < 2 || len(learners) > 4 {
		return SampleRatio{}, false
	}
	square := 0.0
	for i := range learners {
		expected := all * float64(weights[i]) / total
		square += (float64(learners[i]) - expected) * (float64(learners[i]) - expected) / expected
	}
	p := chiSquareTail(square, len(learners)-1)
	return SampleRatio{PValue: p, Mismatch: p < mismatchBelow}, true
}

// chiSquareTail is the share of a chi-square distribution above x, of 1 to 3 degrees of
// freedom, for which there are closed forms.
func chiSquareTail(x float64, degrees int) float64 {
	switch degrees {
	case 1:
		return math.Erfc(math.Sqrt(x / 2))
	case 2:
		return math.Exp(-x / 2)
	default:
		return math.Erfc(math.Sqrt(x/2)) + math.Sqrt(2*x/math.Pi)*math.Exp(-x/2)
	}
}
