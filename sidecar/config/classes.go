package config

// DefaultClass is the name of the class whose settings are those of Sync itself.
const DefaultClass = "default"

// Class is what some lessons have of their own. A setting that is nil is that of
// Sync.
type Class struct {
	// Name in metrics and in the status; a DNS label, and not DefaultClass.
	Name            string       `json:"name"`
	Match           ClassMatch   `json:"match"`
	Interval        *Duration    `json:"interval,omitempty"`
	QuietPeriod     *QuietPeriod `json:"quietPeriod,omitempty"`
	FlushOnComplete *bool        `json:"flushOnComplete,omitempty"`
}

// ClassMatch says which lessons a class is for. All conditions that are there must
// hold, of which there is one at least. An id matches if one of the list is the
// same, or ends in * and begins like it.
type ClassMatch struct {
	// MinDuration and MaxDuration of the lesson, both included. A lesson of a
	// duration that is not known matches neither.
	MinDuration Duration `json:"minDuration,omitempty"`
	MaxDuration Duration `json:"maxDuration,omitempty"`
	CourseIDs   []string `json:"courseIds,omitempty"`
	ModuleIDs   []string `json:"moduleIds,omitempty"`
	LessonIDs   []string `json:"lessonIds,omitempty"`
}
