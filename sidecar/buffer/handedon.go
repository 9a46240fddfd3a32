package buffer

import "github.com/progress-sync/progress-sync/sidecar/spool"

// answerAgain fills the results of a batch that is the sender's last once more. It
// returns false if the batch never came, and ErrSuperseded if a later one did.
func (m *merger) answerAgain(results []Result) (bool, error) {
	last := m.b.senders.of(m.in.from.sender)
	switch {
	case last == nil || last.number < m.in.from.number:
		return false, nil
	case last.number > m.in.from.number:
		return false, ErrSuperseded
	}
	m.b.senders.see(last, m.now.elapsed)
	fillUnmerged(results, last.unmerged)
	for i := range results {
		r := &results[i]
		r.Again = true
		if r.Err == nil {
			r.Record = m.b.lanes[m.call.lanes[i]].record(m.call.key(i))
			r.Record.Key = m.in.key(i)
		}
	}
	return true, nil
}

// putSender notes the batch as its sender's last, and writes that into c.
func (m *merger) putSender(c *spool.Change, results []Result) {
	of, forgotten := m.b.senders.set(m.in.from.sender, m.in.from.number, unmergedOf(results), m.now.elapsed)
	of.put(c, m.now)
	for _, id := range forgotten {
		c.DeleteSender(id)
	}
}
