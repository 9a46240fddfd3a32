package ingest

import (
	"cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// oneKeyARow keeps the records that the filter asks for, and gives one key to
// those that share a row of a mapped table: the key that was asked for, or else
// one that an unsaved record has. unsaved are all records of the learner that
// are not saved.
func oneKeyARow(forms *postgres.KeyForms, filter buffer.Filter, saved []progress.Record, unsaved []buffer.Unsaved) ([]progress.Record, []buffer.Unsaved) {
	wanted := map[progress.Key]bool{} // by the key of the row
	waits := map[progress.Key]buffer.Unsaved{}
	for _, h := range unsaved {
		row := forms.Row(h.Record.Key)
		wanted[row] = wanted[row] || forms.Matches(postgres.Filter(filter), h.Record.Key)
		if other, shared := waits[row]; shared {
			h.Record = postgres.Join(other.Record, h.Record)
			h.PendingUpdates += other.PendingUpdates
			h.InFlightUpdates += other.InFlightUpdates
		}
		waits[row] = h
	}
	for _, r := range saved {
		row := forms.Row(r.Key)
		wanted[row] = wanted[row] || forms.Matches(postgres.Filter(filter), r.Key)
	}
	as := func(k progress.Key) progress.Key {
		return progress.Key{
			UserID: filter.UserID, CourseID: cmp.Or(filter.CourseID, k.CourseID), LessonID: cmp.Or(filter.LessonID, k.LessonID),
		}
	}
	var rows []progress.Record
	for _, r := range saved {
		row := forms.Row(r.Key)
		if h, ok := waits[row]; ok {
			r.Key = h.Record.Key
		}
		if r.Key = as(r.Key); wanted[row] {
			rows = append(rows, r)
		}
	}
	var rest []buffer.Unsaved
	for row, h := range waits {
		if h.Record.Key = as(h.Record.Key); wanted[row] {
			rest = append(rest, h)
		}
	}
	return rows, rest
}
