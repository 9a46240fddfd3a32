package postgres

// class is the kind of type that a column must have.
type class int

const (
	textClass class = iota // text, uuid or a number: what an id may be
	numberClass
	booleanClass
	timeClass
)

func (c class) String() string {
	switch c {
	case textClass:
		return "a text, uuid or number type"
	case numberClass:
		return "a number type"
	case booleanClass:
		return "boolean"
	default:
		return "timestamp with or without time zone"
	}
}

// merging is how a column of a row and that of a record become one.
type merging int

const (
	isKey merging = iota
	lastWriter
	greatest
	least
	sum
	either
	stampAt       // when a last writer's value was reported
	stampReceived // when that report came in
	resets
)

// field is a column of a record: its name in a mapping and in
// progress_sync.lesson_progress, and its type there.
type field struct {
	name, column string
	class        class
	own          string
	rule         merging
	// at and received are the fields of a last writer's stamp; of a stamp's
	// received, at is its other half.
	at, received string
}

// recordFields are all columns, in the order of the encoder's.
func recordFields() []field {
	const (
		double    = "double precision"
		timestamp = "timestamp with time zone"
	)
	text := func(name, column string, r merging) field {
		return field{name: name, column: column, class: textClass, own: "text", rule: r}
	}
	number := func(name, column, own string, r merging) field {
		return field{name: name, column: column, class: numberClass, own: own, rule: r}
	}
	instant := func(name, column string, r merging) field {
		return field{name: name, column: column, class: timeClass, own: timestamp, rule: r}
	}
	stamped := func(f field, stamp string) field {
		f.at, f.received = stamp+"At", stamp+"ReceivedAt"
		return f
	}
	return []field{
		text("userId", "user_id", isKey),
		text("courseId", "course_id", isKey),
		text("lessonId", "lesson_id", isKey),
		stamped(text("moduleId", "module_id", lastWriter), "module"),
		stamped(number("positionSeconds", "position_seconds", double, lastWriter), "position"),
		number("maxPositionSeconds", "max_position_seconds", double, greatest),
		stamped(number("durationSeconds", "duration_seconds", double, lastWriter), "duration"),
		number("percentage", "percentage", double, greatest),
		number("watchedSeconds", "watched_seconds", double, greatest),
		number("timeSpentSeconds", "time_spent_seconds", double, sum),
		stamped(number("playbackSpeed", "playback_speed", double, lastWriter), "playbackSpeed"),
		number("seekEvents", "seek_events", "bigint", sum),
		number("pauseEvents", "pause_events", "bigint", sum),
		number("updateCount", "update_count", "bigint", sum),
		{name: "completed", column: "completed", class: booleanClass, own: "boolean", rule: either},
		instant("completedAt", "completed_at", least),
		instant("firstWatchedAt", "first_watched_at", least),
		instant("lastWatchedAt", "last_watched_at", greatest),
		number("generation", "generation", "bigint", resets),
		instant("receivedAt", "received_at", greatest),
		instant("moduleAt", "module_at", stampAt),
		stamped(instant("moduleReceivedAt", "module_received_at", stampReceived), "module"),
		instant("positionAt", "position_at", stampAt),
		stamped(instant("positionReceivedAt", "position_received_at", stampReceived), "position"),
		instant("durationAt", "duration_at", stampAt),
		stamped(instant("durationReceivedAt", "duration_received_at", stampReceived), "duration"),
		instant("playbackSpeedAt", "playback_speed_at", stampAt),
		stamped(instant("playbackSpeedReceivedAt", "playback_speed_received_at", stampReceived), "playbackSpeed"),
	}
}
