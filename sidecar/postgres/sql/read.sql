-- $1 user, $2 course or empty for all, $3 lesson or empty for all, $4 most rows
SELECT
    user_id, course_id, lesson_id, module_id, position_seconds, max_position_seconds,
    duration_seconds, percentage, watched_seconds, time_spent_seconds, playback_speed,
    seek_events, pause_events, update_count, completed, completed_at, first_watched_at,
    last_watched_at, generation, received_at, module_at, module_received_at, position_at,
    position_received_at, duration_at, duration_received_at, playback_speed_at,
    playback_speed_received_at
FROM progress_sync.lesson_progress
WHERE user_id = $1::text
  AND ($2::text = '' OR course_id = $2::text)
  AND ($3::text = '' OR lesson_id = $3::text)
ORDER BY user_id, course_id, lesson_id
LIMIT $4::integer
