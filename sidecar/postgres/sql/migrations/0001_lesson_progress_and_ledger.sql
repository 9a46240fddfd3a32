-- Running a migration twice must do no harm: people apply them by hand.

DO $$
BEGIN
    -- CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even where
    -- the schema is there already.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'progress_sync') THEN
        CREATE SCHEMA progress_sync;
        COMMENT ON SCHEMA progress_sync IS 'Written by the progress-sync sidecars.';
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS progress_sync.schema_migrations (
    version        integer     PRIMARY KEY,
    name           text        NOT NULL,
    oldest_program integer     NOT NULL,
    applied_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE progress_sync.schema_migrations IS 'Migrations of this schema that have been applied.';
COMMENT ON COLUMN progress_sync.schema_migrations.oldest_program IS 'Sidecars built for this version of the schema or a later one can work with it.';

CREATE TABLE IF NOT EXISTS progress_sync.lesson_progress (
    user_id                    text COLLATE "C" NOT NULL,
    course_id                  text COLLATE "C" NOT NULL,
    lesson_id                  text COLLATE "C" NOT NULL,
    module_id                  text COLLATE "C",
    position_seconds           double precision,
    max_position_seconds       double precision NOT NULL DEFAULT 0,
    duration_seconds           double precision,
    percentage                 double precision NOT NULL DEFAULT 0,
    watched_seconds            double precision NOT NULL DEFAULT 0,
    time_spent_seconds         double precision NOT NULL DEFAULT 0,
    playback_speed             double precision,
    seek_events                bigint           NOT NULL DEFAULT 0,
    pause_events               bigint           NOT NULL DEFAULT 0,
    update_count               bigint           NOT NULL DEFAULT 0,
    completed                  boolean          NOT NULL DEFAULT false,
    completed_at               timestamptz,
    first_watched_at           timestamptz,
    last_watched_at            timestamptz,
    generation                 bigint           NOT NULL DEFAULT 0,
    received_at                timestamptz,
    module_at                  timestamptz,
    module_received_at         timestamptz,
    position_at                timestamptz,
    position_received_at       timestamptz,
    duration_at                timestamptz,
    duration_received_at       timestamptz,
    playback_speed_at          timestamptz,
    playback_speed_received_at timestamptz,
    PRIMARY KEY (user_id, course_id, lesson_id)
)
-- Rows are updated again and again. Half-full pages and no index on a column
-- that changes let nearly every update stay on its page (HOT).
WITH (fillfactor = 50);

COMMENT ON TABLE progress_sync.lesson_progress IS 'One row for each learner and lesson, merged from all that the app reported. Written by the progress-sync sidecars; read it as you like.';
COMMENT ON COLUMN progress_sync.lesson_progress.module_id IS 'Module that the lesson was last reported in; NULL if never reported.';
COMMENT ON COLUMN progress_sync.lesson_progress.position_seconds IS 'Where the learner is in the lesson, in seconds, by the newest report; NULL if never reported. May go back when the learner seeks back.';
COMMENT ON COLUMN progress_sync.lesson_progress.max_position_seconds IS 'Furthest position ever reported, in seconds.';
COMMENT ON COLUMN progress_sync.lesson_progress.duration_seconds IS 'Length of the lesson in seconds, by the newest report; NULL if never reported.';
COMMENT ON COLUMN progress_sync.lesson_progress.percentage IS 'Highest percentage ever reported, 0 to 100.';
COMMENT ON COLUMN progress_sync.lesson_progress.watched_seconds IS 'Highest watched duration ever reported, in seconds; an absolute value of the player.';
COMMENT ON COLUMN progress_sync.lesson_progress.time_spent_seconds IS 'Sum of all reported watch times, in seconds, exact to the microsecond.';
COMMENT ON COLUMN progress_sync.lesson_progress.playback_speed IS 'Playback speed by the newest report that had one, 1 is normal; NULL if never reported.';
COMMENT ON COLUMN progress_sync.lesson_progress.seek_events IS 'Number of seeks, a sum.';
COMMENT ON COLUMN progress_sync.lesson_progress.pause_events IS 'Number of pauses, a sum.';
COMMENT ON COLUMN progress_sync.lesson_progress.update_count IS 'Number of updates of the app that this row stands for; 0 after a reset.';
COMMENT ON COLUMN progress_sync.lesson_progress.completed IS 'Whether the lesson was completed; stays true until a reset.';
COMMENT ON COLUMN progress_sync.lesson_progress.completed_at IS 'When it was first completed; NULL if it was not.';
COMMENT ON COLUMN progress_sync.lesson_progress.first_watched_at IS 'Time of the earliest report, by the clock of the client.';
COMMENT ON COLUMN progress_sync.lesson_progress.last_watched_at IS 'Time of the latest report, by the clock of the client.';
COMMENT ON COLUMN progress_sync.lesson_progress.generation IS 'When the row was last reset, in microseconds since 1970; 0 if never.';
COMMENT ON COLUMN progress_sync.lesson_progress.received_at IS 'When the newest report reached a sidecar.';
COMMENT ON COLUMN progress_sync.lesson_progress.module_at IS 'Time of the report that module_id is from. This and the columns after it decide which report is the newest.';
COMMENT ON COLUMN progress_sync.lesson_progress.module_received_at IS 'When the report that module_id is from reached a sidecar.';
COMMENT ON COLUMN progress_sync.lesson_progress.position_at IS 'Time of the report that position_seconds is from.';
COMMENT ON COLUMN progress_sync.lesson_progress.position_received_at IS 'When the report that position_seconds is from reached a sidecar.';
COMMENT ON COLUMN progress_sync.lesson_progress.duration_at IS 'Time of the report that duration_seconds is from.';
COMMENT ON COLUMN progress_sync.lesson_progress.duration_received_at IS 'When the report that duration_seconds is from reached a sidecar.';
COMMENT ON COLUMN progress_sync.lesson_progress.playback_speed_at IS 'Time of the report that playback_speed is from.';
COMMENT ON COLUMN progress_sync.lesson_progress.playback_speed_received_at IS 'When the report that playback_speed is from reached a sidecar.';

CREATE TABLE IF NOT EXISTS progress_sync.ledger (
    writer_id  uuid        NOT NULL,
    lane       integer     NOT NULL,
    batch_no   bigint      NOT NULL DEFAULT 0,
    owner      uuid        NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (writer_id, lane)
)
WITH (fillfactor = 50);

COMMENT ON TABLE progress_sync.ledger IS 'Number of the last batch that each sidecar has written, moved in the transaction that writes the batch. Changing it by hand loses or doubles progress.';
COMMENT ON COLUMN progress_sync.ledger.writer_id IS 'Spool that the batches come from.';
COMMENT ON COLUMN progress_sync.ledger.owner IS 'Process that may write for the spool; a newer one takes it over.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (1, 'lesson_progress_and_ledger', 1)
ON CONFLICT (version) DO NOTHING;
