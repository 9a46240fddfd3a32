WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    SELECT
        (r.user_id)::integer AS "user_id",
        r.course_id AS "course",
        (r.lesson_id)::character varying AS "block",
        ($14::double precision[])[r.number] / 100::float8 AS "completion",
        ($18::bigint[])[r.number] / 1e3::float8 AS "millis"
    FROM claim, unnest(
        $7::text[], $8::text[], $9::text[], $10::text[]
    ) WITH ORDINALITY AS r (user_id, course_id, lesson_id, module_id, number)
    WHERE NOT (($29::timestamp with time zone[])[r.number] > '-infinity' AND ($22::bigint[])[r.number] = 0 AND ($27::bigint[])[r.number] = 0) AND (
        NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
        OR NOT EXISTS (
            SELECT FROM progress_sync.erasures AS e
            WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND nullif(($28::timestamp with time zone[])[r.number], '-infinity') <= e.erased_at))
), there AS (
    SELECT i."user_id", i."block"
    FROM incoming AS i JOIN "public"."completion" AS l ON l."user_id" = i."user_id" AND l."block" = i."block"
    ORDER BY i."user_id", i."block" COLLATE "C"
    FOR NO KEY UPDATE OF l
), updated AS (
    UPDATE "public"."completion" AS l SET
        "course" = excluded."course",
        "completion" = greatest(l."completion", excluded."completion"),
        "millis" = round(l."millis" * 1e3::float8 + excluded."millis" * 1e3::float8) / 1e3::float8,
        "mark" = CASE WHEN 0 > 0
            THEN (hashtextextended($1::uuid::text || '/' || $2::integer::text || '/' || $4::bigint::text, 0) & -4) | (0) ELSE l."mark" END
    FROM there AS t JOIN incoming AS excluded ON t."user_id" = excluded."user_id" AND t."block" = excluded."block"
    WHERE l."user_id" = excluded."user_id" AND l."block" = excluded."block"
      AND (true)
    RETURNING l."mark" AS mark,
        l."user_id"::text AS user_id,
        l."course" AS course_id,
        l."block"::text AS lesson_id,
        NULL::text AS module_id,
        coalesce(NULL::bigint, 0) AS generation,
        NULL::timestamp with time zone AS completed_at,
        round(l."completion"::double precision * 100::float8 * 1e6::float8) / 1e6::float8 AS percentage,
        NULL::double precision AS position_seconds,
        NULL::double precision AS duration_seconds,
        round(l."millis"::double precision / 1000::float8 * 1e6::float8) / 1e6::float8 AS time_spent_seconds,
        NULL::bit varying AS watched,
        NULL::smallint AS watched_step,
        NULL::boolean AS completed
), inserted AS (
    INSERT INTO "public"."completion" AS l (
        "user_id", "course", "block", "completion", "millis", "mark")
    SELECT
        i."user_id", i."course", i."block", i."completion", i."millis",
        CASE WHEN 0 > 0
            THEN (hashtextextended($1::uuid::text || '/' || $2::integer::text || '/' || $4::bigint::text, 0) & -4) | (0) ELSE NULL END
    FROM incoming AS i
    WHERE NOT EXISTS (SELECT FROM there AS t WHERE t."user_id" = i."user_id" AND t."block" = i."block")
    ORDER BY i."user_id", i."block" COLLATE "C"
    ON CONFLICT ("user_id", "block") DO UPDATE SET
        "course" = excluded."course",
        "completion" = greatest(l."completion", excluded."completion"),
        "millis" = round(l."millis" * 1e3::float8 + excluded."millis" * 1e3::float8) / 1e3::float8,
        "mark" = CASE WHEN 0 > 0
            THEN (hashtextextended($1::uuid::text || '/' || $2::integer::text || '/' || $4::bigint::text, 0) & -4) | (0) ELSE l."mark" END
    WHERE true
    RETURNING l."mark" AS mark,
        l."user_id"::text AS user_id,
        l."course" AS course_id,
        l."block"::text AS lesson_id,
        NULL::text AS module_id,
        coalesce(NULL::bigint, 0) AS generation,
        NULL::timestamp with time zone AS completed_at,
        round(l."completion"::double precision * 100::float8 * 1e6::float8) / 1e6::float8 AS percentage,
        NULL::double precision AS position_seconds,
        NULL::double precision AS duration_seconds,
        round(l."millis"::double precision / 1000::float8 * 1e6::float8) / 1e6::float8 AS time_spent_seconds,
        NULL::bit varying AS watched,
        NULL::smallint AS watched_step,
        NULL::boolean AS completed
), departures AS (
    SELECT
        (r.user_id)::integer AS "user_id",
        (r.lesson_id)::character varying AS "block",
        ($29::timestamp with time zone[])[r.number] AS "left at",
        NULL::timestamptz AS last,
        (($29::timestamp with time zone[])[r.number] > '-infinity' AND ($22::bigint[])[r.number] = 0 AND ($27::bigint[])[r.number] = 0) AS bare
    FROM claim, unnest(
        $7::text[], $8::text[], $9::text[], $10::text[]
    ) WITH ORDINALITY AS r (user_id, course_id, lesson_id, module_id, number)
    WHERE ($29::timestamp with time zone[])[r.number] > '-infinity' AND ($29::timestamp with time zone[])[r.number] >= ($26::timestamp with time zone[])[r.number] AND (
        NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
        OR NOT EXISTS (
            SELECT FROM progress_sync.erasures AS e
            WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND nullif(($28::timestamp with time zone[])[r.number], '-infinity') <= e.erased_at))
), told AS (
    INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq)
    SELECT
        progress_sync.event_id('"public"."completion"', w.type, w.user_id, NULL, w.lesson_id, w.occasion), 'learner', w.user_id, w.type,
        jsonb_strip_nulls(jsonb_build_object(
            'userId', w.user_id, 'courseId', w.course_id, 'lessonId', w.lesson_id, 'moduleId', w.module_id, 'generation', w.generation)
            || CASE WHEN w.type <> 'dev.progresssync.lesson.reset' THEN jsonb_build_object(
                'completedAt', to_char(w.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'percentage', w.percentage, 'positionSeconds', w.position_seconds, 'durationSeconds', w.duration_seconds,
                'timeSpentSeconds', w.time_spent_seconds, 'watchedSegments', (
                    SELECT jsonb_agg(jsonb_build_array((r.last - length(r.run[2])) * w.watched_step,
                            least(r.last * w.watched_step, nullif(w.duration_seconds, 0))) ORDER BY r.last)
                        FILTER (WHERE (r.last - length(r.run[2])) * w.watched_step < coalesce(nullif(w.duration_seconds, 0), 'infinity'))
                    FROM (
                        SELECT m.run, sum(length(m.run[1]) + length(m.run[2])) OVER (ORDER BY m.n) AS last
                        FROM regexp_matches(w.watched::text, '(0*)(1+)', 'g') WITH ORDINALITY AS m (run, n)
                    ) AS r))
            ELSE '{}' END
            || CASE WHEN w.type = 'dev.progresssync.lesson.left' THEN jsonb_build_object(
                'leftAt', to_char(w.left_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'completed', w.completed) ELSE '{}' END),
        '"public"."completion"', row_number() OVER (ORDER BY w.user_id, w.course_id, w.lesson_id, w.flag DESC)
    FROM (
        SELECT w.*, k.type, k.flag, w.generation AS occasion, NULL::timestamptz AS left_at
        FROM (SELECT * FROM updated UNION ALL SELECT * FROM inserted) AS w
        JOIN (VALUES (1, 'dev.progresssync.lesson.completed'), (2, 'dev.progresssync.lesson.reset')) AS k (flag, type) ON w.mark & k.flag <> 0
        WHERE w.mark & -4 = hashtextextended($1::uuid::text || '/' || $2::integer::text || '/' || $4::bigint::text, 0) & -4
        UNION ALL
        SELECT w.*, 'dev.progresssync.lesson.left', 0, (extract(epoch FROM coalesce(d.last, d."left at")) * 1000000)::bigint, d."left at"
        FROM departures AS d JOIN (
            SELECT * FROM (SELECT * FROM updated UNION ALL SELECT * FROM inserted) AS w
            UNION ALL
            SELECT l."mark" AS mark,
        l."user_id"::text AS user_id,
        l."course" AS course_id,
        l."block"::text AS lesson_id,
        NULL::text AS module_id,
        coalesce(NULL::bigint, 0) AS generation,
        NULL::timestamp with time zone AS completed_at,
        round(l."completion"::double precision * 100::float8 * 1e6::float8) / 1e6::float8 AS percentage,
        NULL::double precision AS position_seconds,
        NULL::double precision AS duration_seconds,
        round(l."millis"::double precision / 1000::float8 * 1e6::float8) / 1e6::float8 AS time_spent_seconds,
        NULL::bit varying AS watched,
        NULL::smallint AS watched_step,
        NULL::boolean AS completed
            FROM "public"."completion" AS l WHERE (l."user_id", l."block") IN (SELECT d."user_id", d."block" FROM departures AS d WHERE d.bare)
        ) AS w ON d."user_id"::text = w.user_id AND d."block"::text = w.lesson_id
        WHERE NOT d.bare OR NOT EXISTS (
            SELECT FROM progress_sync.outbox AS o
            WHERE o.aggregateid = w.user_id
              AND o.id = progress_sync.event_id('"public"."completion"', 'dev.progresssync.lesson.left', w.user_id, NULL, w.lesson_id, (extract(epoch FROM coalesce(d.last, d."left at")) * 1000000)::bigint))
    ) AS w
), unused AS (
    SELECT $11::double precision[], $12::double precision[], $13::double precision[], $15::double precision[], $16::bit varying, $17::bigint[], $19::double precision[], $20::bigint[], $21::bigint[], $22::bigint[], $23::boolean[], $24::timestamp with time zone[], $25::timestamp with time zone[], $26::timestamp with time zone[], $27::bigint[], $30::timestamp with time zone[], $31::timestamp with time zone[], $32::timestamp with time zone[], $33::timestamp with time zone[], $34::timestamp with time zone[], $35::timestamp with time zone[], $36::timestamp with time zone[], $37::timestamp with time zone[]
)
SELECT (SELECT count(*) FROM claim), ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)),
    CASE WHEN ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)) < cardinality($7::text[]) AND ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)) < (
        SELECT count(*) FROM incoming AS excluded LEFT JOIN "public"."completion" AS l ON l."user_id" = excluded."user_id" AND l."block" = excluded."block"
        WHERE l."user_id" IS NULL OR (true)
          AND (l."course", l."completion", l."millis") IS DISTINCT FROM (
            excluded."course",
            greatest(l."completion", excluded."completion"),
            round(l."millis" * 1e3::float8 + excluded."millis" * 1e3::float8) / 1e3::float8))
        THEN width_bucket(0::float8, 0, 1, (SELECT count(*)::integer FROM claim WHERE false)) END
