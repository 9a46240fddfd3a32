package stats

// Kept says which fields of a record the table keeps. What it does not keep is known
// of no saved record, and left out rather than taken for 0.
type Kept struct {
	Course, Completed, Percentage, TimeSpent, FirstSeen, LastSeen bool
}

// KeptAll is that of our own table.
func KeptAll() Kept {
	return Kept{Course: true, Completed: true, Percentage: true, TimeSpent: true, FirstSeen: true, LastSeen: true}
}

// done reports whether it is known how much of a lesson is done.
func (k Kept) done() bool { return k.Completed || k.Percentage }
