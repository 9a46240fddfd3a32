package progress

// Completion is what completes a lesson, beside an update that says so.
type Completion struct {
	// Threshold in percent, 0 to 100; 0 for never.
	Threshold float64
	// ByWatched says that the percentage is that of the lesson which was seen, see
	// Segments.Share, rather than the one that was reported.
	ByWatched bool
}

// Record is the update as a record of its own, see Update.Record.
func (c Completion) Record(u *Update, received Instant) Record {
	if !c.ByWatched {
		return u.Record(received, c.Threshold)
	}
	return c.Of(u.Record(received, 0))
}

// Of is the record, completed if enough was seen: at the time of its latest report. It
// is asked after each merge, since two records may complete a lesson together that do
// not alone. The database's upsert applies the same rule.
func (c Completion) Of(r Record) Record {
	if c.ByWatched && c.Threshold > 0 && !r.Completed && r.Segments.Bits != "" && r.Segments.Share(r.Duration) >= c.Threshold {
		r.Completed, r.CompletedAt = true, r.LastWatchedAt
	}
	return r
}

// WatchedThreshold is the threshold if it is of what was seen, else 0.
func (c Completion) WatchedThreshold() float64 {
	if c.ByWatched {
		return c.Threshold
	}
	return 0
}
