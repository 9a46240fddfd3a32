package load

// WorkingSet is what the updates of a load are about.
type WorkingSet struct {
	// Learners, and how many lessons each of them is in, 1 if it is 0.
	Learners, Lessons int
	// Random takes the keys at random, else one follows the other. The same Seed
	// gives the same keys.
	Random bool
	Seed   uint64
	// Completed is the share of the updates that complete their lesson, 0 to 1,
	// taken at random as well.
	Completed float64
}

// Keys is the number of pairs of a learner and a lesson.
func (w WorkingSet) Keys() int { return w.Learners * max(1, w.Lessons) }

// update is which key the n-th update is about, from 0 to Keys, and whether it
// completes the lesson.
func (w WorkingSet) update(n int) (key int, completed bool) {
	keys := uint64(w.Keys())
	if !w.Random && w.Completed == 0 {
		return int(uint64(n) % keys), false
	}
	drawn := mix(w.Seed<<32 + uint64(n))
	completed = float64(drawn>>32) < w.Completed*(1<<32)
	if !w.Random {
		return int(uint64(n) % keys), completed
	}
	return int(drawn & (1<<32 - 1) % keys), completed
}

// mix spreads consecutive numbers over all of 64 bits (SplitMix64 of Steele, Lea
// and Flood). The connections of a load share no generator that way, so that
// they do not wait for each other.
func mix(n uint64) uint64 {
	n = n*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
