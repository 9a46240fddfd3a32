package truth

import (
	"math"
	"slices"
	"time"
)

// expect works out what the row of a key must hold once exactly the given
// updates have been counted. threshold is the percentage that completes a
// lesson, zero for none.
func expect(key Key, updates []Update, threshold float64) Row {
	inOrder := slices.Clone(updates)
	slices.SortStableFunc(inOrder, func(a, b Update) int { return a.OccurredAt.Compare(b.OccurredAt) })

	row := Row{Key: key, UpdateCount: int64(len(inOrder)), Seen: seenIn(updates)}
	for _, u := range inOrder {
		at := u.OccurredAt.UTC().Truncate(time.Microsecond)
		if row.FirstWatchedAt.IsZero() {
			row.FirstWatchedAt = at
		}
		row.LastWatchedAt = at

		if u.ModuleID != "" {
			row.ModuleID = u.ModuleID
		}
		if u.CurrentTime != nil {
			row.Position = *u.CurrentTime
			row.MaxPosition = math.Max(row.MaxPosition, *u.CurrentTime)
		}
		if u.Duration != nil {
			row.Duration = *u.Duration
		}
		if u.PlaybackSpeed != nil {
			row.PlaybackSpeed = *u.PlaybackSpeed
		}
		if u.WatchedDuration != nil {
			row.Watched = math.Max(row.Watched, *u.WatchedDuration)
		}
		s := sumsOf(u)
		row.TimeSpent += s.timeSpent
		row.SeekEvents += s.seeks
		row.PauseEvents += s.pauses

		percent := percentOf(u)
		row.Percentage = math.Max(row.Percentage, percent)
		if !row.Completed && (u.Completed || threshold > 0 && percent >= threshold) {
			row.Completed, row.CompletedAt = true, at
		}
	}
	return row
}

func percentOf(u Update) float64 {
	if u.Percentage != nil {
		return *u.Percentage
	}
	if u.CurrentTime == nil || u.Duration == nil || *u.Duration <= 0 {
		return 0
	}
	return math.Min(100, 100**u.CurrentTime / *u.Duration)
}

// sums are the fields of a row to which every update adds, so that each update
// counted or not counted shows in them.
type sums struct {
	count, timeSpent, seeks, pauses int64
}

func sumsOf(updates ...Update) sums {
	var s sums
	for _, u := range updates {
		s.count++
		s.seeks += u.SeekEvents
		s.pauses += u.PauseEvents
		if u.WatchedDelta != nil {
			s.timeSpent += int64(math.Round(*u.WatchedDelta * 1e6))
		}
	}
	return s
}

func (r Row) sums() sums {
	return sums{count: r.UpdateCount, timeSpent: r.TimeSpent, seeks: r.SeekEvents, pauses: r.PauseEvents}
}

func (s sums) plus(o sums) sums {
	return sums{s.count + o.count, s.timeSpent + o.timeSpent, s.seeks + o.seeks, s.pauses + o.pauses}
}

// within reports whether no sum of s is above that of o.
func (s sums) within(o sums) bool {
	return s.count <= o.count && s.timeSpent <= o.timeSpent && s.seeks <= o.seeks && s.pauses <= o.pauses
}
