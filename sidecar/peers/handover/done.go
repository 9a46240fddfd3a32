package handover

// done is what this sidecar has done since the last change. It is a value.
type done struct {
	// handed is a View for which all ids are handed over, written one for which the
	// others know that all is written. They are nil for none.
	handed, written *View
	// changed is closed when there is another done in the place of this one.
	changed chan struct{}
}

func newDone() done { return done{changed: make(chan struct{})} }

// nothing is what is done once something is to be done again. It wakes nobody.
func (d done) nothing() done { return done{changed: d.changed} }

// next is d with more in it, of which those hear who wait.
func (d done) next(handed, written *View) done {
	close(d.changed)
	return done{handed, written, make(chan struct{})}
}
