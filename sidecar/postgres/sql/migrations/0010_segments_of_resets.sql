-- Sidecars that were built for an earlier version write as before. What they have reset has
-- no segments of before from here on.

-- What was seen in either, where one was kept at another step than the other: the finer
-- one is coarsened, and a bit of it is set if any part of it was. A hexadecimal digit is
-- four bits, so that digits can be replaced instead of bits looked at: each by one bit, or by
-- two, of which a to d stand for 00, 01, 10 and 11. What varbit_send gives begins with the
-- length.
CREATE OR REPLACE FUNCTION progress_sync.joined_segments(a bit varying, a_step integer, b bit varying, b_step integer)
RETURNS bit varying
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    fine   bit varying := a;
    coarse bit varying := b;
    times  integer := b_step / a_step;
BEGIN
    IF a_step > b_step THEN
        fine := b;
        coarse := a;
        times := a_step / b_step;
    END IF;
    WHILE times >= 4 LOOP
        fine := translate(encode(substring(varbit_send(fine) FROM 5), 'hex'), '0123456789abcdef', '0111111111111111')::bit varying;
        times := times / 4;
    END LOOP;
    IF times = 2 THEN
        fine := replace(replace(replace(replace(
            translate(encode(substring(varbit_send(fine) FROM 5), 'hex'), '0123456789abcdef', 'abbbcdddcdddcddd'),
            'a', '00'), 'b', '01'), 'c', '10'), 'd', '11')::bit varying;
    END IF;
    RETURN substring(fine::bit(1024) | coarse::bit(1024) FROM 1 FOR greatest((length(fine) + 7) / 8 * 8, length(coarse)));
END
$$;

-- How much of a lesson was seen. Of one that has become longer than its bits reach, what lies
-- behind these was not.
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
    bits := greatest(1, floor(duration_seconds / watched_step + 0.5));
    RETURN (100 * length(replace(substring(watched FROM 1 FOR bits)::text, '0', '')))::double precision / bits;
END
$$;

-- A sidecar of an earlier version names neither column, so that a row which it resets would
-- keep what was seen before. The first trigger runs for those only that name them, and marks
-- the step by its sign; the second, which comes after it by its name, takes the mark away, or
-- forgets what is not marked. Neither function is called unless the row is reset.
CREATE OR REPLACE FUNCTION progress_sync.reset_segments()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_NARGS > 0 OR NEW.watched_step < 0 THEN
        NEW.watched_step := -NEW.watched_step;
    ELSE
        NEW.watched := NULL;
        NEW.watched_step := NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION progress_sync.reset_segments() IS 'Forgets what was seen before a reset by a sidecar that knows nothing of it.';

DROP TRIGGER IF EXISTS reset_segments_1_told ON progress_sync.lesson_progress;
CREATE TRIGGER reset_segments_1_told
    BEFORE UPDATE OF watched ON progress_sync.lesson_progress
    FOR EACH ROW WHEN (NEW.generation > OLD.generation AND NEW.watched IS NOT NULL)
    EXECUTE FUNCTION progress_sync.reset_segments('told');
DROP TRIGGER IF EXISTS reset_segments_2_others ON progress_sync.lesson_progress;
CREATE TRIGGER reset_segments_2_others
    BEFORE UPDATE ON progress_sync.lesson_progress
    FOR EACH ROW WHEN (NEW.generation > OLD.generation AND NEW.watched IS NOT NULL)
    EXECUTE FUNCTION progress_sync.reset_segments();

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (10, 'segments_of_resets', 3)
ON CONFLICT (version) DO NOTHING;
