-- Sidecars that were built for an earlier version write as before: what they complete
-- has no event.

-- Without a default no row is rewritten. Whoever waits for this lock lets others wait,
-- so that it gives up and is tried again.
SET LOCAL lock_timeout = '2s';
ALTER TABLE progress_sync.lesson_progress ADD COLUMN IF NOT EXISTS event_mark bigint;
COMMENT ON COLUMN progress_sync.lesson_progress.event_mark IS 'Batch that last completed or reset the row while events were on: a hash of its name, with 1 (completed), 2 (reset) or both in the lowest two bits. NULL if none has.';

CREATE TABLE IF NOT EXISTS progress_sync.outbox (
    id            uuid        NOT NULL,
    aggregatetype text        NOT NULL,
    aggregateid   text        NOT NULL,
    type          text        NOT NULL,
    payload       jsonb       NOT NULL,
    target        text        NOT NULL,
    xid           xid8        NOT NULL DEFAULT pg_current_xact_id(),
    seq           integer     NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    -- Readers go by xid and seq. The rest makes it a key, which a publication of all
    -- tables needs before rows can be deleted.
    PRIMARY KEY (xid, seq, id, created_at)
) PARTITION BY RANGE (created_at);
-- An erasure removes a learner's events.
CREATE INDEX IF NOT EXISTS outbox_aggregateid ON progress_sync.outbox (aggregateid);
-- Takes what no day's partition is there for, so that no batch fails.
CREATE TABLE IF NOT EXISTS progress_sync.outbox_default PARTITION OF progress_sync.outbox DEFAULT;

COMMENT ON TABLE progress_sync.outbox IS 'Events: lessons that were completed or reset, and learners that were erased. Written in the transaction of what they tell of, a partition a day.';
COMMENT ON COLUMN progress_sync.outbox.id IS 'Always the same for the same event (progress_sync.event_id).';
COMMENT ON COLUMN progress_sync.outbox.aggregatetype IS 'What the order of events holds for: a learner.';
COMMENT ON COLUMN progress_sync.outbox.aggregateid IS 'Id of the learner.';
COMMENT ON COLUMN progress_sync.outbox.type IS 'dev.progresssync.lesson.completed, dev.progresssync.lesson.reset or dev.progresssync.learner.erased.';
COMMENT ON COLUMN progress_sync.outbox.target IS 'Table of the row that the event tells of.';
COMMENT ON COLUMN progress_sync.outbox.xid IS 'Transaction that wrote the event. Those below pg_snapshot_xmin(pg_current_snapshot()) are all there, and no event comes before them any more.';
COMMENT ON COLUMN progress_sync.outbox.seq IS 'Order within the transaction.';

-- The id of an event: a UUID of version 8, made of SHA-256 over the namespace and the
-- parts, each with a zero byte behind it (RFC 9562, section 5.8).
CREATE OR REPLACE FUNCTION progress_sync.event_id(target text, type text, user_id text, course_id text, lesson_id text, generation bigint)
RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT encode(set_byte(set_byte(h, 6, get_byte(h, 6) & 15 | 128), 8, get_byte(h, 8) & 63 | 128), 'hex')::uuid
    FROM (
        SELECT substring(sha256(
            decode('5b6c1f0a9d3e4c78a2f4e07b19c85d36', 'hex')
            || convert_to(target, 'UTF8') || decode('00', 'hex')
            || convert_to(type, 'UTF8') || decode('00', 'hex')
            || convert_to(user_id, 'UTF8') || decode('00', 'hex')
            || convert_to(coalesce(course_id, ''), 'UTF8') || decode('00', 'hex')
            || convert_to(coalesce(lesson_id, ''), 'UTF8') || decode('00', 'hex')
            || convert_to(generation::text, 'UTF8')) FOR 16) AS h
    ) AS hashed
$$;
COMMENT ON FUNCTION progress_sync.event_id(text, text, text, text, text, bigint) IS 'Id of an event in progress_sync.outbox. The generation is that of the row; of an erasure it is its time, in microseconds since 1970.';

-- Makes partitions for the next days and drops those whose events are all older than the
-- retention, in days. Returns how many of these are left because somebody reads them, or
-- null if another session is at it. It runs with the rights of its owner, since a role
-- that may only write rows can't make partitions; who may not delete events is refused.
CREATE OR REPLACE FUNCTION progress_sync.keep_outbox(retention integer)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '500ms'
AS $$
DECLARE
    today   date := (now() AT TIME ZONE 'UTC')::date;
    cut     date;
    day     date;
    part    name;
    overdue integer := 0;
BEGIN
    IF NOT has_table_privilege(session_user, 'progress_sync.outbox', 'DELETE') THEN
        RAISE EXCEPTION 'may not delete events' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF retention IS NULL OR retention < 1 THEN
        RAISE EXCEPTION 'events are kept for a day at least' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT pg_try_advisory_xact_lock(8102942704824119160) THEN -- the letters "psoutbox"
        RETURN NULL;
    END IF;
    cut := today - retention;
    -- Dropping comes first. It locks the whole table, and would wait for one who waits for
    -- a lock that making partitions takes.
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'progress_sync.outbox'::regclass AND c.relname ~ '^outbox_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < cut
        ORDER BY c.relname
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE progress_sync.%I', part);
        EXCEPTION WHEN lock_not_available THEN
            overdue := overdue + 1;
        END;
    END LOOP;
    DELETE FROM progress_sync.outbox_default WHERE created_at < cut::timestamp AT TIME ZONE 'UTC';
    FOR day IN SELECT today + n FROM generate_series(0, 3) AS n LOOP
        part := 'outbox_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(format('progress_sync.%I', part)) IS NOT NULL;
        -- A partition can't take over rows. Then the day stays in the default one.
        CONTINUE WHEN EXISTS (SELECT FROM progress_sync.outbox_default
            WHERE created_at >= day::timestamp AT TIME ZONE 'UTC' AND created_at < (day + 1)::timestamp AT TIME ZONE 'UTC');
        BEGIN
            -- Made apart and attached, since then the others go on writing.
            EXECUTE format('CREATE TABLE progress_sync.%I (LIKE progress_sync.outbox INCLUDING ALL)', part);
            EXECUTE format('ALTER TABLE progress_sync.outbox ATTACH PARTITION progress_sync.%I FOR VALUES FROM (%L) TO (%L)',
                part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXCEPTION WHEN lock_not_available OR check_violation THEN
            EXIT; -- until the next time
        END;
    END LOOP;
    -- Events that came from another server have numbers of its transactions, which may
    -- be ahead of those here.
    IF (SELECT xid FROM progress_sync.outbox ORDER BY xid DESC LIMIT 1) >= pg_snapshot_xmax(pg_current_snapshot()) THEN
        UPDATE progress_sync.outbox SET xid = '0' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot());
    END IF;
    RETURN overdue;
END
$$;
COMMENT ON FUNCTION progress_sync.keep_outbox(integer) IS 'Makes the partitions of progress_sync.outbox for the next days and drops those older than so many days. Sidecars call it.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (6, 'outbox', 3)
ON CONFLICT (version) DO NOTHING;
