-- Sidecars that were built for an earlier version send no events and don't look here.

CREATE TABLE IF NOT EXISTS progress_sync.deliveries (
    receiver     text        NOT NULL,
    lane         smallint    NOT NULL,
    xid          xid8        NOT NULL DEFAULT '0',
    seq          integer     NOT NULL DEFAULT 0,
    id           uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    owner        uuid,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    refused      uuid,
    refusals     integer     NOT NULL DEFAULT 0,
    stopped_for  text,
    PRIMARY KEY (receiver, lane)
)
-- A few rows that change all the time; half-full pages let updates stay there (HOT).
WITH (fillfactor = 50);

COMMENT ON TABLE progress_sync.deliveries IS 'How far events were sent to the webhook of a policy, in lanes of which each has one sender.';
COMMENT ON COLUMN progress_sync.deliveries.receiver IS 'Policy, as namespace/name.';
COMMENT ON COLUMN progress_sync.deliveries.xid IS 'With seq and id the last event in progress_sync.outbox that is dealt with.';
COMMENT ON COLUMN progress_sync.deliveries.owner IS 'Process that sends. Only its attempts move the lane.';
COMMENT ON COLUMN progress_sync.deliveries.leased_until IS 'When another one may take the lane.';
COMMENT ON COLUMN progress_sync.deliveries.refused IS 'Event that the receiver refused while it took others, refusals times.';
COMMENT ON COLUMN progress_sync.deliveries.stopped_for IS 'Hash of the webhook that answered 410 (Gone). Nothing is sent while the policy has it.';

CREATE TABLE IF NOT EXISTS progress_sync.undelivered (
    receiver  text        NOT NULL,
    id        uuid        NOT NULL,
    lane      smallint    NOT NULL,
    xid       xid8        NOT NULL,
    seq       integer     NOT NULL,
    type      text        NOT NULL,
    event_at  timestamptz NOT NULL,
    reason    text        NOT NULL,
    status    integer,
    attempts  integer     NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    again     boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (receiver, id)
);

COMMENT ON TABLE progress_sync.undelivered IS 'Events that a receiver refused while it took others. What they tell is in progress_sync.outbox.';
COMMENT ON COLUMN progress_sync.undelivered.status IS 'What the receiver last answered, NULL if it did not.';
COMMENT ON COLUMN progress_sync.undelivered.again IS 'Set it to have the event sent once more.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (7, 'webhook', 3)
ON CONFLICT (version) DO NOTHING;
