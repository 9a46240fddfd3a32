-- Sidecars that were built for an earlier version move batch_no and leave
-- batch_id, which would then name another batch; so they must not write any more.

ALTER TABLE progress_sync.ledger
    ADD COLUMN IF NOT EXISTS claims   bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS batch_id bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN progress_sync.ledger.claims IS 'How often a process has taken the row over. An owner with a lower count than another is the earlier one.';
COMMENT ON COLUMN progress_sync.ledger.batch_id IS 'Random id of the batch of that number; 0 if not known. It tells it from one that a copy of the spool made.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (3, 'ledger_identity', 3)
ON CONFLICT (version) DO NOTHING;
