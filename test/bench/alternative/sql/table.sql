CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.progress;
CREATE TABLE bench.progress (
    user_id text NOT NULL,
    course_id text NOT NULL,
    lesson_id text NOT NULL,
    module_id text,
    position_seconds double precision,
    max_position_seconds double precision NOT NULL,
    duration_seconds double precision,
    percentage double precision NOT NULL,
    time_spent_seconds double precision NOT NULL,
    seek_events bigint NOT NULL,
    pause_events bigint NOT NULL,
    playback_speed double precision,
    completed boolean NOT NULL,
    completed_at timestamptz,
    first_watched_at timestamptz NOT NULL,
    last_watched_at timestamptz NOT NULL,
    update_count bigint NOT NULL,
    PRIMARY KEY (user_id, course_id, lesson_id)
) WITH (fillfactor = 50);
