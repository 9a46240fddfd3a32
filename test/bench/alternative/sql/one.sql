INSERT INTO bench.progress AS t
VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, CASE WHEN $12 THEN $13::timestamptz END, $13, $13, 1)
ON CONFLICT (user_id, course_id, lesson_id) DO UPDATE SET
    module_id = EXCLUDED.module_id,
    position_seconds = CASE WHEN EXCLUDED.last_watched_at >= t.last_watched_at THEN EXCLUDED.position_seconds ELSE t.position_seconds END,
    max_position_seconds = GREATEST(t.max_position_seconds, EXCLUDED.max_position_seconds),
    duration_seconds = EXCLUDED.duration_seconds,
    percentage = GREATEST(t.percentage, EXCLUDED.percentage),
    time_spent_seconds = t.time_spent_seconds + EXCLUDED.time_spent_seconds,
    seek_events = t.seek_events + EXCLUDED.seek_events,
    pause_events = t.pause_events + EXCLUDED.pause_events,
    playback_speed = EXCLUDED.playback_speed,
    completed = t.completed OR EXCLUDED.completed,
    completed_at = LEAST(t.completed_at, EXCLUDED.completed_at),
    first_watched_at = LEAST(t.first_watched_at, EXCLUDED.first_watched_at),
    last_watched_at = GREATEST(t.last_watched_at, EXCLUDED.last_watched_at),
    update_count = t.update_count + EXCLUDED.update_count
