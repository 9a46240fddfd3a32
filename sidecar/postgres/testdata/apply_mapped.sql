WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    SELECT
        (r.user_id)::uuid AS user_id,
        r.course_id,
        (r.lesson_id)::bigint AS lesson_id,
        (r.position_seconds)::integer AS position_seconds,
        (r.percentage)::integer AS percentage,
        (r.time_spent_us / 1e6::float8)::numeric AS time_spent_seconds,
        (r.seek_events)::smallint AS seek_events,
        r.completed,
        (r.completed_at AT TIME ZONE 'UTC') AS completed_at,
        (r.last_watched_at AT TIME ZONE 'UTC') AS last_watched_at
    FROM claim, unnest(
        $7::text[], $8::text[], $9::text[], $10::text[], $11::double precision[], $12::double precision[], $13::double precision[], $14::double precision[], $15::double precision[], $16::bigint[], $17::double precision[], $18::bigint[], $19::bigint[], $20::bigint[], $21::boolean[], $22::timestamp with time zone[], $23::timestamp with time zone[], $24::timestamp with time zone[], $25::bigint[], $26::timestamp with time zone[], $27::timestamp with time zone[], $28::timestamp with time zone[], $29::timestamp with time zone[], $30::timestamp with time zone[], $31::timestamp with time zone[], $32::timestamp with time zone[], $33::timestamp with time zone[], $34::timestamp with time zone[]
    ) AS r (
        user_id, course_id, lesson_id, module_id, position_seconds, max_position_seconds, duration_seconds, percentage, watched_seconds, time_spent_us, playback_speed, seek_events, pause_events, update_count, completed, completed_at, first_watched_at, last_watched_at, generation, received_at, module_at, module_received_at, position_at, position_received_at, duration_at, duration_received_at, playback_speed_at, playback_speed_received_at)
    WHERE NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
       OR NOT EXISTS (
           SELECT FROM progress_sync.erasures AS e
           WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND r.received_at <= e.erased_at)
), written AS (
    INSERT INTO "Campus"."user progress" AS l (
        "learner", "course", "lesson", "pos""ition", "percent", "seconds", "seeks", "done", "done_at", "seen_at", "origin", "tenant_id")
    SELECT
        i.user_id,
        i.course_id,
        i.lesson_id,
        coalesce(i.position_seconds, (0)::integer),
        i.percentage,
        i.time_spent_seconds,
        i.seek_events,
        i.completed,
        i.completed_at,
        i.last_watched_at,
        $35::text::text,
        $36::text::integer
    FROM incoming AS i
    ORDER BY i.user_id, i.course_id COLLATE "C", i.lesson_id
    ON CONFLICT ("learner", "course", "lesson", "tenant_id") DO UPDATE SET
        "pos""ition" = CASE WHEN (excluded."learner", excluded."course", excluded."lesson") NOT IN (
                SELECT i.user_id, i.course_id, i.lesson_id FROM incoming AS i WHERE i.position_seconds IS NOT NULL) THEN l."pos""ition"
            WHEN excluded."seen_at" < l."seen_at" THEN l."pos""ition"
            ELSE excluded."pos""ition" END,
        "percent" = greatest(l."percent", excluded."percent"),
        "seconds" = coalesce(l."seconds", 0) + excluded."seconds",
        "seeks" = coalesce(l."seeks", 0) + excluded."seeks",
        "done" = coalesce(l."done", false) OR excluded."done",
        "done_at" = least(l."done_at", excluded."done_at"),
        "seen_at" = greatest(l."seen_at", excluded."seen_at")
    RETURNING 1
)
SELECT (SELECT count(*) FROM claim), (SELECT count(*) FROM written)
