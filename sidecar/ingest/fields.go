package ingest

// field is one known field of an update.
type field int

const (
	fieldUserID field = iota
	fieldCourseID
	fieldLessonID
	fieldModuleID
	fieldEventID
	fieldCurrentTime
	fieldDuration
	fieldPercentage
	fieldWatchedDuration
	fieldWatchedDelta
	fieldSeekEvents
	fieldPauseEvents
	fieldPlaybackSpeed
	fieldCompleted
	fieldOccurredAt
	fieldSentAt
	fieldLessonIDs // only of POST /v1/progress/complete
	fieldCount

	fieldUnknown field = -1
)

// String is the field's name in JSON.
func (f field) String() string {
	return [fieldCount]string{
		"userId", "courseId", "lessonId", "moduleId", "eventId",
		"currentTime", "duration", "percentage", "watchedDuration", "watchedDelta",
		"seekEvents", "pauseEvents", "playbackSpeed", "completed", "occurredAt",
		"sentAt", "lessonIds",
	}[f]
}

// fieldOf finds a field by its exact name.
func fieldOf(name []byte) field {
	switch string(name) {
	case "userId":
		return fieldUserID
	case "courseId":
		return fieldCourseID
	case "lessonId":
		return fieldLessonID
	case "moduleId":
		return fieldModuleID
	case "eventId":
		return fieldEventID
	case "currentTime":
		return fieldCurrentTime
	case "duration":
		return fieldDuration
	case "percentage":
		return fieldPercentage
	case "watchedDuration":
		return fieldWatchedDuration
	case "watchedDelta":
		return fieldWatchedDelta
	case "seekEvents":
		return fieldSeekEvents
	case "pauseEvents":
		return fieldPauseEvents
	case "playbackSpeed":
		return fieldPlaybackSpeed
	case "completed":
		return fieldCompleted
	case "occurredAt":
		return fieldOccurredAt
	case "sentAt":
		return fieldSentAt
	case "lessonIds":
		return fieldLessonIDs
	}
	return fieldUnknown
}
