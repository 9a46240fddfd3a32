WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    SELECT
        (r.user_id)::integer AS user_id,
        r.course_id,
        (r.lesson_id)::character varying AS lesson_id,
        ($14::double precision[])[r.number] / 100::float8 AS percentage,
        ($16::bigint[])[r.number] / 1e3::float8 AS time_spent_seconds
    FROM claim, unnest(
        $7::text[], $8::text[], $9::text[], $10::text[]
    ) WITH ORDINALITY AS r (user_id, course_id, lesson_id, module_id, number)
    WHERE NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
       OR NOT EXISTS (
           SELECT FROM progress_sync.erasures AS e
           WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND nullif(($26::timestamp with time zone[])[r.number], '-infinity') <= e.erased_at)
), written AS (
    INSERT INTO "public"."completion" AS l (
        "user_id", "course", "block", "completion", "millis")
    SELECT
        i.user_id,
        i.course_id,
        i.lesson_id,
        i.percentage,
        i.time_spent_seconds
    FROM incoming AS i
    ORDER BY i.user_id, i.lesson_id COLLATE "C"
    ON CONFLICT ("user_id", "block") DO UPDATE SET
        "course" = excluded."course",
        "completion" = greatest(l."completion", excluded."completion"),
        "millis" = round(l."millis" * 1e3::float8 + excluded."millis" * 1e3::float8) / 1e3::float8
    RETURNING 1
), unused AS (
    SELECT $11::double precision[], $12::double precision[], $13::double precision[], $15::double precision[], $17::double precision[], $18::bigint[], $19::bigint[], $20::bigint[], $21::boolean[], $22::timestamp with time zone[], $23::timestamp with time zone[], $24::timestamp with time zone[], $25::bigint[], $27::timestamp with time zone[], $28::timestamp with time zone[], $29::timestamp with time zone[], $30::timestamp with time zone[], $31::timestamp with time zone[], $32::timestamp with time zone[], $33::timestamp with time zone[], $34::timestamp with time zone[]
)
SELECT (SELECT count(*) FROM claim), (SELECT count(*) FROM written)
