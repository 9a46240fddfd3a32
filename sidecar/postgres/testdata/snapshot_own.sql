SELECT ledger.numbers, ledger.visible, row.*
FROM (
    SELECT coalesce(array_agg(batch_no ORDER BY lane), '{}') AS numbers,
        (NOT pg_catalog.row_security_active('progress_sync.lesson_progress'::regclass)
        OR EXISTS (
            SELECT FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = 'progress_sync.lesson_progress'::regclass AND p.polcmd IN ('r', '*') AND p.polpermissive AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true' AND EXISTS (
                SELECT FROM unnest(p.polroles) AS role
                WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE')))
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = 'progress_sync.lesson_progress'::regclass AND p.polcmd IN ('r', '*') AND NOT p.polpermissive AND EXISTS (
                SELECT FROM unnest(p.polroles) AS role
                WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE')))) AS visible
    FROM progress_sync.ledger
    WHERE writer_id = $1::uuid
) AS ledger
LEFT JOIN (
    SELECT
        user_id AS user_id,
        course_id AS course_id,
        lesson_id AS lesson_id,
        module_id AS module_id,
        position_seconds AS position_seconds,
        max_position_seconds AS max_position_seconds,
        duration_seconds AS duration_seconds,
        percentage AS percentage,
        watched_seconds AS watched_seconds,
        watched AS watched,
        watched_step AS watched_step,
        time_spent_seconds AS time_spent_seconds,
        playback_speed AS playback_speed,
        seek_events AS seek_events,
        pause_events AS pause_events,
        update_count AS update_count,
        completed AS completed,
        completed_at AS completed_at,
        first_watched_at AS first_watched_at,
        last_watched_at AS last_watched_at,
        generation AS generation,
        received_at AS received_at,
        module_at AS module_at,
        module_received_at AS module_received_at,
        position_at AS position_at,
        position_received_at AS position_received_at,
        duration_at AS duration_at,
        duration_received_at AS duration_received_at,
        playback_speed_at AS playback_speed_at,
        playback_speed_received_at AS playback_speed_received_at
    FROM progress_sync.lesson_progress
    WHERE user_id = $2::text
      AND ($3::text = '' OR course_id = $3::text)
      AND ($4::text = '' OR lesson_id = $4::text)
    ORDER BY user_id COLLATE "C", course_id COLLATE "C", lesson_id COLLATE "C"
    LIMIT $5::integer
) AS row ON true
