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
        (nullif(($11::double precision[])[r.number], 'NaN'))::integer AS position_seconds,
        (($14::double precision[])[r.number])::integer AS percentage,
        (($16::bigint[])[r.number] / 1e6::float8)::numeric AS time_spent_seconds,
        (($18::bigint[])[r.number])::smallint AS seek_events,
        ($21::boolean[])[r.number] AS completed,
        (nullif(($22::timestamp with time zone[])[r.number], '-infinity') AT TIME ZONE 'UTC') AS completed_at,
        (nullif(($24::timestamp with time zone[])[r.number], '-infinity') AT TIME ZONE 'UTC') AS last_watched_at
    FROM claim, unnest(
        $7::text[], $8::text[], $9::text[], $10::text[]
    ) WITH ORDINALITY AS r (user_id, course_id, lesson_id, module_id, number)
    WHERE NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
       OR NOT EXISTS (
           SELECT FROM progress_sync.erasures AS e
           WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND nullif(($26::timestamp with time zone[])[r.number], '-infinity') <= e.erased_at)
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
), unused AS (
    SELECT $12::double precision[], $13::double precision[], $15::double precision[], $17::double precision[], $19::bigint[], $20::bigint[], $23::timestamp with time zone[], $25::bigint[], $27::timestamp with time zone[], $28::timestamp with time zone[], $29::timestamp with time zone[], $30::timestamp with time zone[], $31::timestamp with time zone[], $32::timestamp with time zone[], $33::timestamp with time zone[], $34::timestamp with time zone[]
)
SELECT (SELECT count(*) FROM claim), (SELECT count(*) FROM written)
