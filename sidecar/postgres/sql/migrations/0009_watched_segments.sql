-- Sidecars that were built for an earlier version write as before. They leave what was
-- seen as it is, also where they start a row anew.

-- The columns are added without touching a row. Whoever reads the table for longer would
-- make all writers wait behind this; then it is tried again later.
SET LOCAL lock_timeout = '3s';

ALTER TABLE progress_sync.lesson_progress
    ADD COLUMN IF NOT EXISTS watched      bit varying(1024),
    ADD COLUMN IF NOT EXISTS watched_step smallint;

COMMENT ON COLUMN progress_sync.lesson_progress.watched IS 'Which parts of the lesson were seen: the first bit is for the first watched_step seconds, and so on; NULL for nothing known.';
COMMENT ON COLUMN progress_sync.lesson_progress.watched_step IS 'How many seconds a bit of watched stands for, a power of two; NULL for nothing known.';

-- What was seen in either, where one was kept at another step than the other: the finer
-- one is coarsened, and a bit of it is set if any part of it was.
CREATE OR REPLACE FUNCTION progress_sync.joined_segments(a bit varying, a_step integer, b bit varying, b_step integer)
RETURNS bit varying
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    fine   text := a::text;
    coarse bit varying := b;
    times  integer := b_step / a_step;
    bits   text;
BEGIN
    IF a_step > b_step THEN
        fine := b::text;
        coarse := a;
        times := a_step / b_step;
    END IF;
    SELECT string_agg(CASE WHEN position('1' IN substr(fine, i * times + 1, times)) > 0 THEN '1' ELSE '0' END, '' ORDER BY i)
    INTO bits
    FROM generate_series(0, (length(fine) - 1) / times) AS i;
    bits := rpad(bits, (length(bits) + 7) / 8 * 8, '0');
    RETURN substring(bits::bit varying::bit(1024) | coarse::bit(1024) FROM 1 FOR greatest(length(bits), length(coarse)));
END
$$;
COMMENT ON FUNCTION progress_sync.joined_segments(bit varying, integer, bit varying, integer) IS 'What was seen in either of two values of watched whose watched_step differ.';

CREATE OR REPLACE FUNCTION progress_sync.watched_percent(watched bit varying, watched_step integer, duration_seconds double precision)
RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bits integer;
BEGIN
    IF watched IS NULL OR watched_step IS NULL OR duration_seconds IS NULL OR NOT (duration_seconds > 0 AND duration_seconds <= 16777216) THEN
        RETURN 0;
    END IF;
    bits := least(1024, greatest(1, floor(duration_seconds / watched_step + 0.5)));
    RETURN (100 * length(replace(substring(watched FROM 1 FOR bits)::text, '0', '')))::double precision / bits;
END
$$;
COMMENT ON FUNCTION progress_sync.watched_percent(bit varying, integer, double precision) IS 'How much of a lesson was seen, 0 to 100; 0 where its duration is not known.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (9, 'watched_segments', 3)
ON CONFLICT (version) DO NOTHING;
