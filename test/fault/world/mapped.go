package world

import "github.com/progress-sync/progress-sync/sidecar/config"

// MappedTable is one as a learning platform has it, beside the sidecars' own. It
// has the same columns, and what stands in a writer's way: an id from a sequence,
// a foreign key and a trigger that are looked at when the transaction ends, a
// trigger that sets a column, one that drops updates which change nothing, and
// row-level security.
const MappedTable = "campus.progress"

// MappedTarget is what its events are of.
const MappedTarget = `"campus"."progress" "tenant"=7`

const mappedSQL = `
CREATE SCHEMA campus;
CREATE TABLE campus.pupils (name text PRIMARY KEY);
CREATE TABLE campus.progress (
	id serial PRIMARY KEY,
	tenant integer NOT NULL,
	LIKE progress_sync.lesson_progress,
	changed_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (lesson_id, tenant, user_id, course_id),
	FOREIGN KEY (user_id) REFERENCES campus.pupils DEFERRABLE INITIALLY DEFERRED
);
CREATE FUNCTION campus.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN NEW.changed_at := clock_timestamp(); RETURN NEW; END $$;
CREATE FUNCTION campus.enrol() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
	BEGIN INSERT INTO campus.pupils VALUES (NEW.user_id) ON CONFLICT DO NOTHING; RETURN NULL; END $$;
CREATE TRIGGER a_spare BEFORE UPDATE ON campus.progress FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TRIGGER b_stamp BEFORE INSERT OR UPDATE ON campus.progress FOR EACH ROW EXECUTE FUNCTION campus.stamp();
CREATE CONSTRAINT TRIGGER "A enrol" AFTER INSERT ON campus.progress DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION campus.enrol();
ALTER TABLE campus.progress ENABLE ROW LEVEL SECURITY;
CREATE POLICY ours ON campus.progress TO ` + role + ` USING (tenant = 7) WITH CHECK (tenant = 7)`

// mapping leads everything that a record holds into MappedTable.
func mapping() *config.Mapping {
	return &config.Mapping{
		Schema: "campus", Table: "progress",
		KeyColumns: config.KeyColumns{UserID: "user_id", CourseID: "course_id", LessonID: "lesson_id"},
		Fixed:      map[string]string{"tenant": "7"},
		EventMark:  "event_mark",
		Columns: map[string]string{
			"moduleId": "module_id", "moduleAt": "module_at", "moduleReceivedAt": "module_received_at",
			"positionSeconds": "position_seconds", "positionAt": "position_at", "positionReceivedAt": "position_received_at",
			"durationSeconds": "duration_seconds", "durationAt": "duration_at", "durationReceivedAt": "duration_received_at",
			"playbackSpeed": "playback_speed", "playbackSpeedAt": "playback_speed_at", "playbackSpeedReceivedAt": "playback_speed_received_at",
			"maxPositionSeconds": "max_position_seconds", "percentage": "percentage", "watchedSeconds": "watched_seconds",
			"watchedSegments": "watched", "watchedStep": "watched_step",
			"timeSpentSeconds": "time_spent_seconds", "seekEvents": "seek_events", "pauseEvents": "pause_events",
			"updateCount": "update_count", "completed": "completed", "completedAt": "completed_at",
			"firstWatchedAt": "first_watched_at", "lastWatchedAt": "last_watched_at",
			"generation": "generation", "receivedAt": "received_at",
		},
	}
}
