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
// +kubebuilder:validation:XValidation:rule="self.columns.all(f, self.columns[f] != self.keyColumns.userId && self.columns[f] != self.keyColumns.courseId && self.columns[f] != self.keyColumns.lessonId)",message="columns must not name a column of keyColumns: each column takes one thing"
// +kubebuilder:validation:XValidation:rule="!has(self.fixed) || !(self.keyColumns.userId in self.fixed || self.keyColumns.courseId in self.fixed || self.keyColumns.lessonId in self.fixed || self.columns.exists(f, self.columns[f] in self.fixed))",message="fixed must not name a column of keyColumns or columns: each column takes one thing"
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
	// written.
	//
	// +required
	// +kubebuilder:validation:MaxProperties=25
	// +kubebuilder:validation:XValidation:rule="size(self) > 0",message="columns must name at least one field"
	// +kubebuilder:validation:XValidation:rule="self.all(f, f in ['moduleId', 'positionSeconds', 'maxPositionSeconds', 'durationSeconds', 'percentage', 'watchedSeconds', 'timeSpentSeconds', 'playbackSpeed', 'seekEvents', 'pauseEvents', 'updateCount', 'completed', 'completedAt', 'firstWatchedAt', 'lastWatchedAt', 'generation', 'receivedAt', 'moduleAt', 'moduleReceivedAt', 'positionAt', 'positionReceivedAt', 'durationAt', 'durationReceivedAt', 'playbackSpeedAt', 'playbackSpeedReceivedAt'])",message="columns may name these fields: moduleId, positionSeconds, maxPositionSeconds, durationSeconds, percentage, watchedSeconds, timeSpentSeconds, playbackSpeed, seekEvents, pauseEvents, updateCount, completed, completedAt, firstWatchedAt, lastWatchedAt, generation, receivedAt, moduleAt, moduleReceivedAt, positionAt, positionReceivedAt, durationAt, durationReceivedAt, playbackSpeedAt, playbackSpeedReceivedAt"
	// +kubebuilder:validation:XValidation:rule="self.all(f, self.exists_one(g, self[g] == self[f]))",message="columns must name a different column for each field"
	Columns map[string]Name `json:"columns"`

	// fixed values of further columns, the same in every row, in the form in
	// which Postgres reads the column's type. They are written once, with a new
	// row.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(c, bytes(c).size() >= 1 && bytes(c).size() <= 63 && !c.matches(r'\\p{Cc}'))",message="fixed must name columns: 1 to 63 bytes, no control characters, without quotes"
	Fixed map[string]FixedValue `json:"fixed,omitempty"`
}

// FixedValue of a column, as text.
//
// +kubebuilder:validation:MaxLength=1000
// +kubebuilder:validation:XValidation:rule="bytes(self).size() <= 1000 && !self.contains('\\u0000')",message="a fixed value has up to 1000 bytes and no zero byte; quote numbers, such as '7'"
type FixedValue string

// KeyColumns are the columns of a record's key.
//
// +kubebuilder:validation:XValidation:rule="self.userId != self.courseId && self.userId != self.lessonId && self.courseId != self.lessonId",message="keyColumns must name three different columns"
type KeyColumns struct {
	// userId is the column of the learner's id.
	//
	// +required
	UserID Name `json:"userId"`
	// courseId is the column of the course's id.
	//
	// +required
	CourseID Name `json:"courseId"`
	// lessonId is the column of the lesson's id.
	//
	// +required
	LessonID Name `json:"lessonId"`
}
