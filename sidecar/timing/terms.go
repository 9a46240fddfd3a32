package timing

import "time"

// Terms are when a record is written. Times count from the record's first unsynced
// change unless they say otherwise.
type Terms struct {
	// Class and Variant name them; Variant is empty without variants.
	Class, Variant string
	// Index tells them apart from all others of their Table, from 0.
	Index int
	// Interval is the longest that the record waits.
	Interval time.Duration
	// Linger is how much longer it then waits for company, so that windows which end
	// one by one don't take a transaction each.
	Linger time.Duration
	// QuietPeriod since the last change after which it is written early, 0 for never.
	// With AutoQuiet it follows the rhythm of the record's own updates, see Quiet.
	QuietPeriod time.Duration
	AutoQuiet   bool
	// FlushOnComplete writes it at once when its lesson is completed.
	FlushOnComplete bool
	// LeaveGrace since its learner left, 0 to take no notice of that.
	LeaveGrace time.Duration
}

const (
	// maxLinger bounds how long what is due waits for company; of shorter intervals
	// it is a tenth.
	maxLinger = 10 * time.Second
	// maxEarlyLinger bounds the same for what is due before its interval.
	maxEarlyLinger = 2 * time.Second
	// leastAutoQuiet is the shortest quiet period that follows a rhythm.
	leastAutoQuiet = 15 * time.Second
)

// Window is how long the record waits, and how much longer for company, where all
// intervals are stretched by a factor.
func (t *Terms) Window(stretch float64) (interval, linger time.Duration) {
	return time.Duration(float64(t.Interval) * stretch), min(time.Duration(float64(t.Linger)*stretch), maxLinger)
}

// EarlyLinger is how long it waits for company where it is due before its interval.
func (t *Terms) EarlyLinger() time.Duration { return min(t.Linger, maxEarlyLinger) }

// Quiet is how long a record must be quiet whose updates are the given time apart, 0
// for one of which that is not known. It returns 0 for never.
func (t *Terms) Quiet(rhythm time.Duration) time.Duration {
	switch {
	case !t.AutoQuiet:
		return t.QuietPeriod
	case rhythm <= 0:
		return 0
	}
	return max(leastAutoQuiet, 2*rhythm)
}
