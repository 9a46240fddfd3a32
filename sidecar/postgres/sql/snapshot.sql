-- $1 writer, $2 user, $3 course or empty for all, $4 lesson or empty for all, $5 most rows
-- One statement sees one moment: the rows hold all batches up to the numbers
-- and no others.
SELECT ledger.numbers, row.*
FROM (
    SELECT coalesce(array_agg(batch_no ORDER BY lane), '{}') AS numbers
    FROM progress_sync.ledger
    WHERE writer_id = $1::uuid
) AS ledger
LEFT JOIN (
    SELECT
        user_id, course_id, lesson_id, module_id, position_seconds, max_position_seconds,
        duration_seconds, percentage, watched_seconds, time_spent_seconds, playback_speed,
        seek_events, pause_events, update_count, completed, completed_at, first_watched_at,
        last_watched_at, generation, received_at, module_at, module_received_at, position_at,
        position_received_at, duration_at, duration_received_at, playback_speed_at,
        playback_speed_received_at
    FROM progress_sync.lesson_progress
    WHERE user_id = $2::text
      AND ($3::text = '' OR course_id = $3::text)
      AND ($4::text = '' OR lesson_id = $4::text)
    ORDER BY user_id, course_id, lesson_id
    LIMIT $5::integer
) AS row ON true
