package v1alpha1

// Name of a schema, a table or a column as the catalog has it, without quotes.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 63 && !self.matches(r'\\p{Cc}')",message="a name in Postgres has 1 to 63 bytes and no control characters; write it without quotes"
type Name string

// TableMapping says which existing table takes the records, and which of its
// columns take what.
//
// +kubebuilder:validation:XValidation:rule="self.columns.all(f, self.columns[f] != self.keyColumns.userId && (!has(self.keyColumns.courseId) || self.columns[f] != self.keyColumns.courseId) && self.columns[f] != self.keyColumns.lessonId)",message="columns must not name a column of keyColumns: each column takes one thing"
// +kubebuilder:validation:XValidation:rule="!has(self.fixed) || !(self.keyColumns.userId in self.fixed || has(self.keyColumns.courseId) && self.keyColumns.courseId in self.fixed || self.keyColumns.lessonId in self.fixed || self.columns.exists(f, self.columns[f] in self.fixed))",message="fixed must not name a column of keyColumns or columns: each column takes one thing"
// +kubebuilder:validation:XValidation:rule="!('courseId' in self.columns && has(self.keyColumns.courseId))",message="columns may name courseId only if keyColumns has no courseId: the course is a part of the key or it is not"
// +kubebuilder:validation:XValidation:rule="!has(self.scale) || self.scale.all(f, f in self.columns)",message="scale may name only fields that columns has"
type TableMapping struct {
	// schema of the table, any but progress_sync.
	//
	// +optional
	// +kubebuilder:default=public
	// +kubebuilder:validation:XValidation:rule="self != 'progress_sync'",message="schema must not be progress_sync, which is the sidecars' own; leave mapping out to use the table there"
	Schema Name `json:"schema,omitempty"`

	// table that takes the records.
	//
	// +required
	Table Name `json:"table"`

	// keyColumns of the table. Together, or together with columns of fixed, they
	// must have a unique index.
	//
	// +required
	KeyColumns KeyColumns `json:"keyColumns"`

	// columns maps fields of a record to columns of the table. The fields are the
	// columns of progress_sync.lesson_progress in camel case, such as
	// positionSeconds, percentage and completedAt; one that is left out is not
	// written. Where keyColumns has no courseId, courseId may be named too and
	// takes the course that was reported last.
	//
	// +required
	// +kubebuilder:validation:MaxProperties=28
	// +kubebuilder:validation:XValidation:rule="self.exists(f, f != 'courseId')",message="columns must name at least one field"
	// +kubebuilder:validation:XValidation:rule="self.all(f, f in ['courseId', 'moduleId', 'positionSeconds', 'maxPositionSeconds', 'durationSeconds', 'percentage', 'watchedSeconds', 'watchedSegments', 'watchedStep', 'timeSpentSeconds', 'playbackSpeed', 'seekEvents', 'pauseEvents', 'updateCount', 'completed', 'completedAt', 'firstWatchedAt', 'lastWatchedAt', 'generation', 'receivedAt', 'moduleAt', 'moduleReceivedAt', 'positionAt', 'positionReceivedAt', 'durationAt', 'durationReceivedAt', 'playbackSpeedAt', 'playbackSpeedReceivedAt'])",message="columns may name these fields: moduleId, positionSeconds, maxPositionSeconds, durationSeconds, percentage, watchedSeconds, watchedSegments, watchedStep, timeSpentSeconds, playbackSpeed, seekEvents, pauseEvents, updateCount, completed, completedAt, firstWatchedAt, lastWatchedAt, generation, receivedAt, moduleAt, moduleReceivedAt, positionAt, positionReceivedAt, durationAt, durationReceivedAt, playbackSpeedAt, playbackSpeedReceivedAt; and courseId where keyColumns has none"
	// +kubebuilder:validation:XValidation:rule="self.all(f, self.exists_one(g, self[g] == self[f]))",message="columns must name a different column for each field"
	Columns map[string]Name `json:"columns"`

	// scale says what a field is multiplied by to get its column's value, where the
	// column has another unit: percentage: "0.01" for a column from 0 to 1, positionSeconds:
	// "1000" for milliseconds. The fields are percentage, positionSeconds,
	// maxPositionSeconds, durationSeconds, watchedSeconds and timeSpentSeconds.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=6
	// +kubebuilder:validation:XValidation:rule="self.all(f, f in ['percentage', 'positionSeconds', 'maxPositionSeconds', 'durationSeconds', 'watchedSeconds', 'timeSpentSeconds'])",message="scale may name these fields: percentage, positionSeconds, maxPositionSeconds, durationSeconds, watchedSeconds, timeSpentSeconds"
	Scale map[string]Scale `json:"scale,omitempty"`

	// fixed values of further columns, the same in every row, in the form in
	// which Postgres reads the column's type. They are written once, with a new
	// row.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(c, bytes(c).size() >= 1 && bytes(c).size() <= 63 && !c.matches(r'\\p{Cc}'))",message="fixed must name columns: 1 to 63 bytes, no control characters, without quotes"
	Fixed map[string]FixedValue `json:"fixed,omitempty"`
}

// Scale of a column's unit, as text.
//
// +kubebuilder:validation:Enum="0.001";"0.01";"0.1";"10";"100";"1000";"1000000"
type Scale string

// FixedValue of a column, as text.
//
// +kubebuilder:validation:MaxLength=1000
// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 1000 && !self.contains('\\u0000')",message="a fixed value has up to 1000 bytes and no zero byte; quote numbers, such as '7'"
type FixedValue string

// KeyColumns are the columns of a record's key.
//
// +kubebuilder:validation:XValidation:rule="self.userId != self.lessonId && (!has(self.courseId) || self.userId != self.courseId && self.courseId != self.lessonId)",message="keyColumns must name different columns"
type KeyColumns struct {
	// userId is the column of the learner's id.
	//
	// +required
	UserID Name `json:"userId"`
	// courseId is the column of the course's id. Left out, a learner has one row a
	// lesson, whatever the course.
	//
	// +optional
	CourseID Name `json:"courseId,omitempty"`
	// lessonId is the column of the lesson's id.
	//
	// +required
	LessonID Name `json:"lessonId"`
}
