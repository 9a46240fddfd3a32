-- Sidecars that were built for version 3 write as before and don't look here.

CREATE TABLE IF NOT EXISTS progress_sync.sidecars (
    writer_id    uuid        PRIMARY KEY,
    owner        uuid        NOT NULL,
    address      inet        NOT NULL,
    port         integer     NOT NULL,
    fingerprints bytea[]     NOT NULL,
    target       text        NOT NULL,
    protocol     integer     NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    leaving      boolean     NOT NULL DEFAULT false,
    hash         bigint      NOT NULL
)
-- Each sidecar changes its row every 20 seconds. No index but the key and half-full
-- pages let these updates stay on their page (HOT).
WITH (fillfactor = 50);

COMMENT ON TABLE progress_sync.sidecars IS 'Sidecars that use this database, and the keys by which they know each other. Who may write here decides which sidecars are trusted.';
COMMENT ON COLUMN progress_sync.sidecars.writer_id IS 'Spool of the sidecar, as in the ledger.';
COMMENT ON COLUMN progress_sync.sidecars.owner IS 'Process that has the spool.';
COMMENT ON COLUMN progress_sync.sidecars.address IS 'Where other sidecars reach it, with port.';
COMMENT ON COLUMN progress_sync.sidecars.fingerprints IS 'SHA-256 of the public keys that it may show (SubjectPublicKeyInfo in DER).';
COMMENT ON COLUMN progress_sync.sidecars.target IS 'Table that it writes, and a hash of the mapping if there is one. Sidecars of different targets have nothing to do with each other.';
COMMENT ON COLUMN progress_sync.sidecars.protocol IS 'Version of what it speaks with other sidecars.';
COMMENT ON COLUMN progress_sync.sidecars.started_at IS 'When this process enrolled first.';
COMMENT ON COLUMN progress_sync.sidecars.seen_at IS 'When it enrolled last. After a minute the others take it for gone, after a day the row is removed.';
COMMENT ON COLUMN progress_sync.sidecars.changed_at IS 'When it last said something else than before; the others ask for what has changed since they asked.';
COMMENT ON COLUMN progress_sync.sidecars.leaving IS 'Whether it is about to stop: nothing is handed on to it any more.';
COMMENT ON COLUMN progress_sync.sidecars.hash IS 'Of all that it says of itself but leaving and the times. By the sum of these the others see whether anything has changed.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (4, 'sidecars', 3)
ON CONFLICT (version) DO NOTHING;
