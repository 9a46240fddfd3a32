-- Sidecars that were built for version 1 don't look here, so that until all are
-- replaced one of them may bring an erased learner's late updates back.

CREATE TABLE IF NOT EXISTS progress_sync.erasures (
    user_hash bytea       PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
COMMENT ON TABLE progress_sync.erasures IS 'Learners that were erased, so that updates from before the erasure are not written any more.';
COMMENT ON COLUMN progress_sync.erasures.user_hash IS 'SHA-256 of the user id in UTF-8.';
COMMENT ON COLUMN progress_sync.erasures.erased_at IS 'What reached a sidecar up to then is erased.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (2, 'erasures', 1)
ON CONFLICT (version) DO NOTHING;
