WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    SELECT
        (r.user_id)::uuid AS "learner",
        r.course_id AS "course",
        (r.lesson_id)::bigint AS "lesson",
        nullif(($11::double precision[])[r.number], 'NaN') IS NOT NULL AS "positionSeconds reported",
        (coalesce(nullif(($11::double precision[])[r.number], 'NaN'), 0))::integer AS "pos""ition",
        (($14::double precision[])[r.number])::integer AS "percent",
        (($18::bigint[])[r.number] / 1e6::float8)::numeric AS "seconds",
        (($20::bigint[])[r.number])::smallint AS "seeks",
        ($23::boolean[])[r.number] AS "done",
        (nullif(($24::timestamp with time zone[])[r.number], '-infinity') AT TIME ZONE 'UTC') AS "done_at",
        (nullif(($26::timestamp with time zone[])[r.number], '-infinity') AT TIME ZONE 'UTC') AS "seen_at",
        $38::text::text AS "origin",
        $39::text::integer AS "tenant_id"
    FROM claim, unnest(
        $7::text[], $8::text[], $9::text[], $10::text[]
    ) WITH ORDINALITY AS r (user_id, course_id, lesson_id, module_id, number)
    WHERE NOT (($29::timestamp with time zone[])[r.number] > '-infinity' AND ($22::bigint[])[r.number] = 0 AND ($27::bigint[])[r.number] = 0) AND (
        NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
        OR NOT EXISTS (
            SELECT FROM progress_sync.erasures AS e
            WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND nullif(($28::timestamp with time zone[])[r.number], '-infinity') <= e.erased_at))
), there AS (
    SELECT i."learner", i."course", i."lesson", i."tenant_id"
    FROM incoming AS i JOIN "Campus"."user progress" AS l ON l."learner" = i."learner" AND l."course" = i."course" AND l."lesson" = i."lesson" AND l."tenant_id" = i."tenant_id"
    ORDER BY i."learner", i."course" COLLATE "C", i."lesson"
    FOR NO KEY UPDATE OF l
), updated AS (
    UPDATE "Campus"."user progress" AS l SET
        "pos""ition" = CASE WHEN (excluded."learner", excluded."course", excluded."lesson", excluded."tenant_id") NOT IN (
                SELECT i."learner", i."course", i."lesson", i."tenant_id" FROM incoming AS i WHERE i."positionSeconds reported") THEN l."pos""ition"
            WHEN excluded."seen_at" < l."seen_at" THEN l."pos""ition"
            ELSE excluded."pos""ition" END,
        "percent" = greatest(l."percent", excluded."percent"),
        "seconds" = coalesce(l."seconds", 0) + excluded."seconds",
        "seeks" = coalesce(l."seeks", 0) + excluded."seeks",
        "done" = coalesce(l."done", false) OR excluded."done",
        "done_at" = least(l."done_at", excluded."done_at"),
        "seen_at" = greatest(l."seen_at", excluded."seen_at")
    FROM there AS t JOIN incoming AS excluded ON t."learner" = excluded."learner" AND t."course" = excluded."course" AND t."lesson" = excluded."lesson" AND t."tenant_id" = excluded."tenant_id"
    WHERE l."learner" = excluded."learner" AND l."course" = excluded."course" AND l."lesson" = excluded."lesson" AND l."tenant_id" = excluded."tenant_id"
      AND (true)
    RETURNING 1
), inserted AS (
    INSERT INTO "Campus"."user progress" AS l (
        "learner", "course", "lesson", "pos""ition", "percent", "seconds", "seeks", "done", "done_at", "seen_at", "origin", "tenant_id")
    SELECT
        i."learner", i."course", i."lesson", i."pos""ition", i."percent", i."seconds", i."seeks", i."done", i."done_at", i."seen_at", i."origin", i."tenant_id"
    FROM incoming AS i
    WHERE NOT EXISTS (SELECT FROM there AS t WHERE t."learner" = i."learner" AND t."course" = i."course" AND t."lesson" = i."lesson" AND t."tenant_id" = i."tenant_id")
    ORDER BY i."learner", i."course" COLLATE "C", i."lesson"
    ON CONFLICT ("learner", "course", "lesson", "tenant_id") DO UPDATE SET
        "pos""ition" = CASE WHEN (excluded."learner", excluded."course", excluded."lesson", excluded."tenant_id") NOT IN (
                SELECT i."learner", i."course", i."lesson", i."tenant_id" FROM incoming AS i WHERE i."positionSeconds reported") THEN l."pos""ition"
            WHEN excluded."seen_at" < l."seen_at" THEN l."pos""ition"
            ELSE excluded."pos""ition" END,
        "percent" = greatest(l."percent", excluded."percent"),
        "seconds" = coalesce(l."seconds", 0) + excluded."seconds",
        "seeks" = coalesce(l."seeks", 0) + excluded."seeks",
        "done" = coalesce(l."done", false) OR excluded."done",
        "done_at" = least(l."done_at", excluded."done_at"),
        "seen_at" = greatest(l."seen_at", excluded."seen_at")
    WHERE true
    RETURNING 1
), unused AS (
    SELECT $12::double precision[], $13::double precision[], $15::double precision[], $16::bit varying, $17::bigint[], $19::double precision[], $21::bigint[], $22::bigint[], $25::timestamp with time zone[], $27::bigint[], $30::timestamp with time zone[], $31::timestamp with time zone[], $32::timestamp with time zone[], $33::timestamp with time zone[], $34::timestamp with time zone[], $35::timestamp with time zone[], $36::timestamp with time zone[], $37::timestamp with time zone[]
)
SELECT (SELECT count(*) FROM claim), ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)),
    CASE WHEN ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)) < cardinality($7::text[]) AND ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)) < (
        SELECT count(*) FROM incoming AS excluded LEFT JOIN "Campus"."user progress" AS l ON l."learner" = excluded."learner" AND l."course" = excluded."course" AND l."lesson" = excluded."lesson" AND l."tenant_id" = excluded."tenant_id"
        WHERE l."learner" IS NULL OR (true)
          AND (l."pos""ition", l."percent", l."seconds", l."seeks", l."done", l."done_at", l."seen_at") IS DISTINCT FROM (
            CASE WHEN (excluded."learner", excluded."course", excluded."lesson", excluded."tenant_id") NOT IN (
                SELECT i."learner", i."course", i."lesson", i."tenant_id" FROM incoming AS i WHERE i."positionSeconds reported") THEN l."pos""ition"
            WHEN excluded."seen_at" < l."seen_at" THEN l."pos""ition"
            ELSE excluded."pos""ition" END,
            greatest(l."percent", excluded."percent"),
            coalesce(l."seconds", 0) + excluded."seconds",
            coalesce(l."seeks", 0) + excluded."seeks",
            coalesce(l."done", false) OR excluded."done",
            least(l."done_at", excluded."done_at"),
            greatest(l."seen_at", excluded."seen_at")))
        THEN width_bucket(0::float8, 0, 1, (SELECT count(*)::integer FROM claim WHERE false)) END
