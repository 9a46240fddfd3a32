INSERT INTO bench.progress AS t
SELECT u.user_id, u.course_id, u.lesson_id, u.module_id, u.position, u.position, u.duration, u.percentage, u.spent,
       u.seeks, u.pauses, u.speed, u.completed, CASE WHEN u.completed THEN u.at END, u.at, u.at, u.count
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::float8[], $8::float8[],
            $9::int8[], $10::int8[], $11::float8[], $12::bool[], $13::timestamptz[], $14::int8[])
     AS u(user_id, course_id, lesson_id, module_id, position, duration, percentage, spent, seeks, pauses, speed, completed, at, count)
ORDER BY 1, 2, 3
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
