-- Dead letters of a lane that somebody wants to be sent again. Those that are older than
-- the outbox keeps go.
-- $1 receiver, $2 lane, $3 days, $4 the most
WITH old AS (
    DELETE FROM progress_sync.undelivered
    WHERE receiver = $1::text AND lane = $2::integer AND event_at < now() - ($3::integer + 1) * interval '1 day'
)
SELECT u.xid::text, u.seq, u.id, u.type, coalesce(o.aggregateid, ''), u.event_at, o.payload
FROM progress_sync.undelivered AS u
LEFT JOIN progress_sync.outbox AS o ON o.xid = u.xid AND o.seq = u.seq AND o.id = u.id
WHERE u.receiver = $1::text AND u.lane = $2::integer AND u.again
ORDER BY u.xid, u.seq, u.id
LIMIT $4::integer
