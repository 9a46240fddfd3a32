SELECT ledger.numbers, ledger.visible, row.*
FROM (
    SELECT coalesce(array_agg(batch_no ORDER BY lane), '{}') AS numbers,
        (NOT pg_catalog.row_security_active('"Campus"."user progress"'::regclass)
        OR EXISTS (
            SELECT FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = '"Campus"."user progress"'::regclass AND p.polcmd IN ('r', '*') AND p.polpermissive AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true' AND EXISTS (
                SELECT FROM unnest(p.polroles) AS role
                WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE')))
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = '"Campus"."user progress"'::regclass AND p.polcmd IN ('r', '*') AND NOT p.polpermissive AND EXISTS (
                SELECT FROM unnest(p.polroles) AS role
                WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE')))) AS visible
    FROM progress_sync.ledger
    WHERE writer_id = $1::uuid
) AS ledger
LEFT JOIN (
    SELECT
        "learner"::text AS user_id,
        "course" AS course_id,
        "lesson"::text AS lesson_id,
        NULL::text AS module_id,
        "pos""ition"::double precision AS position_seconds,
        NULL::double precision AS max_position_seconds,
        NULL::double precision AS duration_seconds,
        "percent"::double precision AS percentage,
        NULL::double precision AS watched_seconds,
        NULL::bit varying AS watched,
        NULL::smallint AS watched_step,
        "seconds"::double precision AS time_spent_seconds,
        NULL::double precision AS playback_speed,
        "seeks"::bigint AS seek_events,
        NULL::bigint AS pause_events,
        NULL::bigint AS update_count,
        "done" AS completed,
        ("done_at" AT TIME ZONE 'UTC') AS completed_at,
        NULL::timestamp with time zone AS first_watched_at,
        ("seen_at" AT TIME ZONE 'UTC') AS last_watched_at,
        NULL::bigint AS generation,
        NULL::timestamp with time zone AS received_at,
        NULL::timestamp with time zone AS module_at,
        NULL::timestamp with time zone AS module_received_at,
        NULL::timestamp with time zone AS position_at,
        NULL::timestamp with time zone AS position_received_at,
        NULL::timestamp with time zone AS duration_at,
        NULL::timestamp with time zone AS duration_received_at,
        NULL::timestamp with time zone AS playback_speed_at,
        NULL::timestamp with time zone AS playback_speed_received_at
    FROM "Campus"."user progress"
    WHERE "learner" = ($2::text)::uuid
      AND ($3::text = '' OR "course" = $3::text)
      AND ($4::text = '' OR "lesson" = (nullif($4::text, ''))::bigint)
      AND "tenant_id" = ($6::text)::integer
    ORDER BY "learner"::text COLLATE "C", "course" COLLATE "C", "lesson"::text COLLATE "C"
    LIMIT $5::integer
) AS row ON true
