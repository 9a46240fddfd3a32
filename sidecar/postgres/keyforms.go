package postgres

import (
	"cmp"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// KeyForms says which keys a mapped table has one row for: its columns give ids
// back in one form, whatever form they came in, and the course may be no part of
// its key. nil is for a table with a row for each key.
type KeyForms struct {
	user, course, lesson form
	// courseIsKey says that the table has a row for each course of a lesson.
	courseIsKey bool
	// courseIsKept says that it has a column for the course.
	courseIsKept bool
}

// Row is the key of the row for k. Keys with the same one share a row.
func (f *KeyForms) Row(k progress.Key) progress.Key {
	k = f.Form(k)
	if f != nil && !f.courseIsKey {
		k.CourseID = ""
	}
	return k
}

// Form is k as the table gives it back. An id that the table can't hold stays.
func (f *KeyForms) Form(k progress.Key) progress.Key {
	if f == nil {
		return k
	}
	k.UserID, _ = f.user.of(k.UserID)
	k.CourseID, _ = f.course.of(k.CourseID)
	k.LessonID, _ = f.lesson.of(k.LessonID)
	return k
}

// Matches reports whether the filter asks for the row of k. One that names a
// learner and a lesson finds their row whatever course it names, where the course
// is no part of the key; one that names a course finds all where none is kept.
func (f *KeyForms) Matches(filter Filter, k progress.Key) bool {
	k = f.Form(k)
	asked := f.Form(progress.Key(filter))
	if filter.UserID != "" && asked.UserID != k.UserID || filter.LessonID != "" && asked.LessonID != k.LessonID {
		return false
	}
	if filter.CourseID == "" || f != nil && !f.courseIsKey && (!f.courseIsKept || filter.LessonID != "") {
		return true
	}
	return asked.CourseID == k.CourseID
}

// query is the filter that finds the rows, and false if the table can't have
// what it asks for. It finds all courses where the course is no part of the
// key.
func (f *KeyForms) query(filter Filter) (Filter, bool) {
	if f == nil {
		return filter, true
	}
	var fits [3]bool
	filter.UserID, fits[0] = f.user.of(filter.UserID)
	if filter.CourseID != "" && f.courseIsKey {
		filter.CourseID, fits[1] = f.course.of(filter.CourseID)
	} else {
		filter.CourseID, fits[1] = "", true
	}
	if fits[2] = true; filter.LessonID != "" {
		filter.LessonID, fits[2] = f.lesson.of(filter.LessonID)
	}
	if slices.Contains(fits[:], false) {
		return Filter{UserID: filter.UserID}, false
	}
	return filter, true
}

// rows merges the records of a batch that share a row, since one statement
// writes a row only once. The others stay in their order.
func (f *KeyForms) rows(records []progress.Record) []progress.Record {
	if f == nil {
		return records
	}
	at := make(map[progress.Key]int, len(records))
	merged := make([]progress.Record, 0, len(records))
	for _, r := range records {
		row := f.Row(r.Key)
		r.Key = f.Form(r.Key)
		if i, shared := at[row]; shared {
			merged[i] = Join(merged[i], r)
			continue
		}
		at[row] = len(merged)
		merged = append(merged, r)
	}
	return merged
}

// Join merges the records of two keys that share a row. The key, and with it the
// course, is that of the newer one.
func Join(a, b progress.Record) progress.Record {
	newer := a.Key
	if c := cmp.Or(cmp.Compare(b.LastWatchedAt, a.LastWatchedAt), cmp.Compare(b.ReceivedAt, a.ReceivedAt), b.Compare(a.Key)); c > 0 {
		newer = b.Key
	}
	m := progress.Merge(a.Raise(b.Generation), b.Raise(a.Generation))
	m.Key = newer
	return m
}
