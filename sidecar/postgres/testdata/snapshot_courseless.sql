SELECT ledger.numbers, ledger.visible, row.*
FROM (
    SELECT coalesce(array_agg(batch_no ORDER BY lane), '{}') AS numbers,
        (NOT pg_catalog.row_security_active('"public"."completion"'::regclass)
        OR EXISTS (
            SELECT FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = '"public"."completion"'::regclass AND p.polcmd IN ('r', '*') AND p.polpermissive AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true' AND EXISTS (
                SELECT FROM unnest(p.polroles) AS role
                WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE')))
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = '"public"."completion"'::regclass AND p.polcmd IN ('r', '*') AND NOT p.polpermissive AND EXISTS (
                SELECT FROM unnest(p.polroles) AS role
                WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE')))) AS visible
    FROM progress_sync.ledger
    WHERE writer_id = $1::uuid
) AS ledger
LEFT JOIN (
    SELECT
        "user_id"::text AS user_id,
        "course" AS course_id,
        "block"::text AS lesson_id,
        NULL::text AS module_id,
        NULL::double precision AS position_seconds,
        NULL::double precision AS max_position_seconds,
        NULL::double precision AS duration_seconds,
        round("completion"::double precision * 100::float8 * 1e6::float8) / 1e6::float8 AS percentage,
        NULL::double precision AS watched_seconds,
        NULL::bit varying AS watched,
        NULL::smallint AS watched_step,
        round("millis"::double precision / 1000::float8 * 1e6::float8) / 1e6::float8 AS time_spent_seconds,
        NULL::double precision AS playback_speed,
        NULL::bigint AS seek_events,
        NULL::bigint AS pause_events,
        NULL::bigint AS update_count,
        NULL::boolean AS completed,
        NULL::timestamp with time zone AS completed_at,
        NULL::timestamp with time zone AS first_watched_at,
        NULL::timestamp with time zone AS last_watched_at,
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
    FROM "public"."completion"
    WHERE "user_id" = ($2::text)::integer
      AND $3::text = ''
      AND ($4::text = '' OR "block" = (nullif($4::text, ''))::character varying)
    ORDER BY "user_id"::text COLLATE "C", "block"::text COLLATE "C"
    LIMIT $5::integer
) AS row ON true
