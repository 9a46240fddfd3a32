package buffer

// Mark is what MarkDue found; see Saved.
type Mark struct{ lanes []laneMark }

// laneMark is the last turn and the last freeze, within a lane, that a Mark
// waits for.
type laneMark struct{ turn, freeze uint64 }

// MarkDue makes everything pending that f matches due now. Records that are
// already frozen count for the returned Mark too.
func (b *Buffer) MarkDue(f Filter) Mark {
	m := Mark{lanes: make([]laneMark, len(b.lanes))}
	for i, l := range b.lanes {
		l.mu.Lock()
		l.pending.each(f, func(e *entry) {
			l.urge(e)
			m.lanes[i].turn = max(m.lanes[i].turn, e.turn)
		})
		for _, fb := range l.frozen.batches {
			if fb.matches(f) {
				m.lanes[i].freeze = max(m.lanes[i].freeze, fb.freeze)
			}
		}
		l.mu.Unlock()
	}
	return m
}

// Saved reports whether all that m stands for is confirmed or quarantined. The
// records of a lane are saved in their turn, so that it may wait for others
// that were due before.
func (b *Buffer) Saved(m Mark) bool {
	for i, want := range m.lanes {
		l := b.lanes[i]
		l.mu.Lock()
		saved := l.saved(want)
		l.mu.Unlock()
		if !saved {
			return false
		}
	}
	return true
}

func (l *lane) saved(m laneMark) bool {
	if e := l.pending.order.urgent.head; e != nil && e.turn <= m.turn {
		return false
	}
	for _, fb := range l.frozen.batches {
		if fb.freeze <= m.freeze || fb.turn != 0 && fb.turn <= m.turn {
			return false
		}
	}
	return true
}

// Progressed returns a channel that is closed at the next confirmation or
// quarantine. Take it before asking Saved.
func (b *Buffer) Progressed() <-chan struct{} { return b.saved.wait() }
