-- Events in the order of their transactions, of which none can come before them any
-- more: of those below the oldest transaction that is still under way. One row without
-- an event where there are none.
--
-- Another server, or the same after a crash, may use numbers of transactions again that
-- somebody has read already. So what a reader remembers has a hash of this server's
-- life; in another one it starts ten minutes earlier, by time.
-- $1 xid and $2 seq to start at, $3 as of when, null for all that there is, $4 the life
-- that these are of, $5 most events, $6 target, $7 retention in days
WITH server AS (
    SELECT now() AS at, pg_snapshot_xmin(pg_current_snapshot()) AS horizon, current_database()::text AS name,
        {life} AS life
), start AS (
    SELECT s.*,
        CASE WHEN s.life = $4::text THEN $1::text::xid8 ELSE '0' END AS xid,
        CASE WHEN s.life = $4::text THEN $2::integer ELSE 0 END AS seq,
        CASE WHEN s.life = $4::text OR $3::timestamptz IS NULL THEN '-infinity' ELSE $3::timestamptz - interval '10 minutes' END AS since,
        $3::timestamptz IS NOT NULL AND $3::timestamptz
            < (date_trunc('day', s.at AT TIME ZONE 'UTC') - $7::integer * interval '1 day') AT TIME ZONE 'UTC' AS gone
    FROM server AS s
)
SELECT s.at, s.name, s.life, s.horizon::text, s.gone,
    (SELECT w.created_at FROM progress_sync.outbox AS w
        WHERE w.target = $6::text AND w.xid >= s.horizon
        ORDER BY w.xid, w.seq
        LIMIT 1),
    e.id::text, e.type, e.aggregateid, e.created_at, e.payload::text, e.xid::text, e.seq
FROM start AS s
LEFT JOIN LATERAL (
    SELECT o.id, o.type, o.aggregateid, o.created_at, o.payload, o.xid, o.seq
    FROM progress_sync.outbox AS o
    WHERE o.target = $6::text AND (o.xid, o.seq) >= (s.xid, s.seq) AND o.xid < s.horizon AND o.created_at >= s.since
    ORDER BY o.xid, o.seq
    LIMIT $5::integer
) AS e ON NOT s.gone
ORDER BY e.xid, e.seq
