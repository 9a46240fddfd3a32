package progress

// Fields is the table of a record's fields, those of the stamps last. The
// codec of the spool, the statements and the encoder for Postgres, the reader and
// the writer of JSON, the names in a table mapping and the properties in the
// description of the API are made of it. Merge and Update.Record are written out,
// and a test holds them to it.
func Fields() []Field {
	fields := []Field{
		{
			Name: "userId", Column: "user_id", Type: TypeText, Rule: RuleKey,
			Text: func(r *Record) *string { return &r.UserID },
			Input: &Input{
				Name: "userId", Type: TypeText, Required: true,
				Doc:  "The learner. With ingest.userHeader it may be left out, and is the learner of the header.",
				Text: func(u *Update) *string { return &u.UserID },
			},
		},
		{
			Name: "courseId", Column: "course_id", Type: TypeText, Rule: RuleKey,
			Text: func(r *Record) *string { return &r.CourseID },
			Input: &Input{
				Name: "courseId", Type: TypeText, Required: true,
				Text: func(u *Update) *string { return &u.CourseID },
			},
		},
		{
			Name: "lessonId", Column: "lesson_id", Type: TypeText, Rule: RuleKey,
			Text: func(r *Record) *string { return &r.LessonID },
			Input: &Input{
				Name: "lessonId", Type: TypeText, Required: true,
				Text: func(u *Update) *string { return &u.LessonID },
			},
		},
		{
			Name: "moduleId", Column: "module_id", Type: TypeText, Rule: RuleLastWriter, Part: 2,
			Text:  func(r *Record) *string { return &r.ModuleID },
			Stamp: func(r *Record) *Stamp { return &r.ModuleStamp }, StampName: "module", StampColumn: "module",
			Input: &Input{
				Name: "moduleId", Type: TypeText, Doc: "Attribute of the lesson.",
				Text: func(u *Update) *string { return &u.ModuleID },
			},
		},
		{
			Name: "positionSeconds", Column: "position_seconds", Type: TypeSeconds, Rule: RuleLastWriter, Part: 3,
			Number: func(r *Record) *float64 { return &r.Position },
			Stamp:  func(r *Record) *Stamp { return &r.PositionStamp }, StampName: "position", StampColumn: "position",
			Input: &Input{
				Name: "currentTime", Type: TypeSeconds, Range: secondsRange(),
				Doc:    "Position in seconds. Down to -1 is taken for 0.",
				Number: func(u *Update) *Number { return &u.CurrentTime },
			},
		},
		{
			Name: "maxPositionSeconds", Column: "max_position_seconds", Type: TypeSeconds, Rule: RuleGreatest, Part: 6,
			Number: func(r *Record) *float64 { return &r.MaxPosition },
		},
		{
			Name: "durationSeconds", Column: "duration_seconds", Type: TypeSeconds, Rule: RuleLastWriter, Part: 4,
			Number: func(r *Record) *float64 { return &r.Duration },
			Stamp:  func(r *Record) *Stamp { return &r.DurationStamp }, StampName: "duration", StampColumn: "duration",
			Input: &Input{
				Name: "duration", Type: TypeSeconds, Range: durationRange(),
				Doc:    "Length of the lesson in seconds; to be left out while it is unknown.",
				Number: func(u *Update) *Number { return &u.Duration },
			},
		},
		{
			Name: "percentage", Column: "percentage", Type: TypePercent, Rule: RuleGreatest, Part: 7,
			Number: func(r *Record) *float64 { return &r.Percentage },
			Input: &Input{
				Name: "percentage", Type: TypePercent, Range: percentRange(),
				Doc:    "If left out: 100 × currentTime ÷ duration. Up to 101 is taken for 100, and down to -1 for 0.",
				Number: func(u *Update) *Number { return &u.Percentage },
			},
		},
		{
			Name: "watchedSeconds", Column: "watched_seconds", Type: TypeSeconds, Rule: RuleGreatest, Part: 8,
			Doc:    "The most that watchedDuration said.",
			Number: func(r *Record) *float64 { return &r.Watched },
			Input: &Input{
				Name: "watchedDuration", Type: TypeSeconds, Range: secondsRange(),
				Doc:    "Watched in all, in seconds; an absolute value. Down to -1 is taken for 0.",
				Number: func(u *Update) *Number { return &u.WatchedDuration },
			},
		},
		{
			Name: "watchedSegments", Column: "watched", Type: TypeSegments, Rule: RuleUnion, Part: 14,
			Doc:      "What was seen, united from all updates.",
			Segments: func(r *Record) *Segments { return &r.Segments },
			Input: &Input{
				Name: "watchedSegments", Type: TypeSegments, Range: segmentRange(),
				Doc: "What was seen, as pairs of seconds in the lesson, such as [[0, 12], [30, 45]]; at most 4096. " +
					"They may be sent again, and may overlap.",
				Segments: func(u *Update) *Segments { return &u.WatchedSegments },
			},
		},
		{
			Name: "watchedStep", Column: "watched_step", Type: TypeStep, Rule: RuleStep, Hidden: true,
			Step: func(r *Record) *int32 { return &r.Segments.Step },
		},
		{
			Name: "timeSpentSeconds", Column: "time_spent_seconds", Type: TypeMicroseconds, Rule: RuleSum, Part: 9,
			Doc:     "The sum of watchedDelta.",
			Integer: func(r *Record) *int64 { return &r.TimeSpent },
			Input: &Input{
				Name: "watchedDelta", Type: TypeSeconds, Range: deltaRange(),
				Doc:    "Watched since the last update, in seconds. Down to -0.01 is taken for 0.",
				Number: func(u *Update) *Number { return &u.WatchedDelta },
			},
		},
		{
			Name: "playbackSpeed", Column: "playback_speed", Type: TypeFactor, Rule: RuleLastWriter, Part: 5,
			Number: func(r *Record) *float64 { return &r.PlaybackSpeed },
			Stamp:  func(r *Record) *Stamp { return &r.SpeedStamp }, StampName: "playbackSpeed", StampColumn: "playback_speed",
			Input: &Input{
				Name: "playbackSpeed", Type: TypeFactor, Range: speedRange(), Doc: "1 is normal.",
				Number: func(u *Update) *Number { return &u.PlaybackSpeed },
			},
		},
		{
			Name: "seekEvents", Column: "seek_events", Type: TypeCount, Rule: RuleSum, Part: 10,
			Integer: func(r *Record) *int64 { return &r.SeekEvents },
			Input: &Input{
				Name: "seekEvents", Type: TypeCount, Range: eventsRange(), Doc: "Since the last update.",
				Integer: func(u *Update) *int64 { return &u.SeekEvents },
			},
		},
		{
			Name: "pauseEvents", Column: "pause_events", Type: TypeCount, Rule: RuleSum, Part: 11,
			Integer: func(r *Record) *int64 { return &r.PauseEvents },
			Input: &Input{
				Name: "pauseEvents", Type: TypeCount, Range: eventsRange(), Doc: "Since the last update.",
				Integer: func(u *Update) *int64 { return &u.PauseEvents },
			},
		},
		{
			Name: "updateCount", Column: "update_count", Type: TypeCount, Rule: RuleSum,
			Doc:     "Updates that are merged into this.",
			Integer: func(r *Record) *int64 { return &r.UpdateCount },
		},
		{
			Name: "completed", Column: "completed", Type: TypeFlag, Rule: RuleEither, Part: 13,
			Flag: func(r *Record) *bool { return &r.Completed },
			Input: &Input{
				Name: "completed", Type: TypeFlag, Doc: "True completes the lesson; false changes nothing.",
				Flag: func(u *Update) *bool { return &u.Completed },
			},
		},
		{
			Name: "completedAt", Column: "completed_at", Type: TypeTime, Rule: RuleLeast, Part: 12,
			Instant: func(r *Record) *Instant { return &r.CompletedAt },
		},
		{
			Name: "firstWatchedAt", Column: "first_watched_at", Type: TypeTime, Rule: RuleLeast,
			Instant: func(r *Record) *Instant { return &r.FirstWatchedAt },
		},
		{
			Name: "lastWatchedAt", Column: "last_watched_at", Type: TypeTime, Rule: RuleGreatest,
			Instant: func(r *Record) *Instant { return &r.LastWatchedAt },
			Input: &Input{
				Name: "occurredAt", Type: TypeTime,
				Doc: "When it happened, as RFC 3339 with a zone or in milliseconds since 1970, from the year 2000 to ten years ahead; " +
					"if left out, when it arrived.",
				Instant: func(u *Update) *Instant { return &u.OccurredAt },
			},
		},
		{
			Name: "generation", Column: "generation", Type: TypeGeneration, Rule: RuleGeneration, Part: 1,
			Doc:     "The last reset, in microseconds since 1970; 0 for none.",
			Instant: func(r *Record) *Instant { return &r.Generation },
		},
		{
			Name: "receivedAt", Column: "received_at", Type: TypeTime, Rule: RuleGreatest, Hidden: true,
			Instant: func(r *Record) *Instant { return &r.ReceivedAt },
		},
		{
			Name: "leftAt", Type: TypeTime, Rule: RuleGreatest, Part: 15, Hidden: true,
			Instant: func(r *Record) *Instant { return &r.LeftAt },
		},
	}
	for _, f := range fields {
		if f.Rule == RuleLastWriter {
			fields = append(fields, f.stampFields()...)
		}
	}
	return fields
}

// Inputs are the fields of an update: what the fields of a record are made of,
// and what no record keeps.
func Inputs(fields []Field) []Input {
	var inputs []Input
	for _, f := range fields {
		if f.Input != nil {
			inputs = append(inputs, *f.Input)
		}
	}
	return append(inputs,
		Input{
			Name: "eventId", Type: TypeText,
			Doc:  "Name of the event: what was accepted under it is not merged again.",
			Text: func(u *Update) *string { return &u.EventID },
		},
		Input{
			Name: "sentAt", Type: TypeTime,
			Doc: "What the sender's clock shows as it sends this, in the same forms: then a clock that is ahead, " +
				"or more than 5 seconds behind, is corrected. Set at each attempt.",
			Instant: func(u *Update) *Instant { return &u.SentAt },
		},
		Input{
			Name: "leaving", Type: TypeFlag, Hint: true,
			Doc: "True says that the learner may be about to go: what is known of the lesson is then written after the policy's " +
				"sync.leaveGrace, unless an update without it comes first. Kept in no row. " +
				"An update with nothing but ids, times and hints changes no record and opens none.",
			Flag: func(u *Update) *bool { return &u.Leaving },
		},
		Input{
			Name: "syncWithin", Type: TypeSeconds, Range: withinRange(), Hint: true,
			Doc: "For how many seconds this may wait to be written, where that is less than the interval. " +
				"The policy's sync.minSyncWithin is the least that counts. Kept in no record.",
			Number: func(u *Update) *Number { return &u.SyncWithin },
		},
	)
}
