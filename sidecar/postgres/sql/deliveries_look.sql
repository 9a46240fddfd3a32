-- Says how the lanes of a receiver stand, and takes those that are free. A lane that
-- stands at a transaction which this server has not come to yet is from another server,
-- and begins anew.
-- $1 receiver, $2 owner, $3 whether to take lanes, $4 lease in milliseconds, $5 terms,
-- $6 target, $7 types, NULL for all, $8 the server's life that lanes were taken in before,
-- '' for none: in another one none is taken
WITH free AS (
    SELECT lane FROM progress_sync.deliveries
    WHERE receiver = $1::text AND $3::boolean AND leased_until < now() AND stopped_for IS DISTINCT FROM $5::text
      AND $8::text IN ('', {life})
    FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE progress_sync.deliveries AS d
    SET owner = $2::uuid, leased_until = now() + $4::bigint * interval '1 millisecond', stopped_for = NULL,
        xid = CASE WHEN d.xid < pg_snapshot_xmax(pg_current_snapshot()) THEN d.xid ELSE '0' END
    FROM free AS f
    WHERE d.receiver = $1::text AND d.lane = f.lane
    RETURNING d.lane, d.xid, d.seq, d.id, d.refused, d.refusals
)
SELECT d.lane, t.lane IS NOT NULL AS taken, t.xid::text, t.seq, t.id, t.refused, t.refusals,
       t.lane IS NOT NULL OR d.leased_until > now() AS held,
       t.lane IS NULL AND d.stopped_for IS NOT DISTINCT FROM $5::text AS stopped,
       extract(epoch FROM now() - o.created_at)::float8 AS oldest,
       (SELECT count(*) FROM progress_sync.undelivered AS u WHERE u.receiver = $1::text) AS set_aside,
       current_database()::text, {life}
FROM progress_sync.deliveries AS d
LEFT JOIN taken AS t ON t.lane = d.lane
LEFT JOIN LATERAL (
    SELECT o.created_at FROM progress_sync.outbox AS o
    WHERE (o.xid, o.seq, o.id) > (coalesce(t.xid, d.xid), d.seq, d.id)
      AND o.target = $6::text AND ($7::text[] IS NULL OR o.type = ANY ($7::text[]))
      AND hashtextextended(o.aggregateid, 0) & 3 = d.lane
    ORDER BY o.xid, o.seq, o.id
    LIMIT 1
) AS o ON true
WHERE d.receiver = $1::text
ORDER BY d.lane
