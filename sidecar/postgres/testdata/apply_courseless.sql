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
        "millis" = round(l."millis" * 1e3::float8 + excluded."millis" * 1e3::float8) / 1e3::float8
    FROM there AS t JOIN incoming AS excluded ON t."user_id" = excluded."user_id" AND t."block" = excluded."block"
    WHERE l."user_id" = excluded."user_id" AND l."block" = excluded."block"
      AND (true)
    RETURNING 1
), inserted AS (
    INSERT INTO "public"."completion" AS l (
        "user_id", "course", "block", "completion", "millis")
    SELECT
        i."user_id", i."course", i."block", i."completion", i."millis"
    FROM incoming AS i
    WHERE NOT EXISTS (SELECT FROM there AS t WHERE t."user_id" = i."user_id" AND t."block" = i."block")
    ORDER BY i."user_id", i."block" COLLATE "C"
    ON CONFLICT ("user_id", "block") DO UPDATE SET
        "course" = excluded."course",
        "completion" = greatest(l."completion", excluded."completion"),
        "millis" = round(l."millis" * 1e3::float8 + excluded."millis" * 1e3::float8) / 1e3::float8
    WHERE true
    RETURNING 1
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
