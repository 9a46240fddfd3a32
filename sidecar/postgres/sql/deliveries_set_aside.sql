-- Moves a lane behind an event and keeps it as a dead letter.
-- $1 receiver, $2 lane, $3 owner, $4 lease in milliseconds, $5 the server's life that the
-- event was read in, $6 to $8 the event's position, $9 its type, $10 its time, $11 reason,
-- $12 status, $13 attempts
WITH moved AS (
    UPDATE progress_sync.deliveries
    SET xid = $6::text::xid8, seq = $7::integer, id = $8::uuid, refused = NULL, refusals = 0,
        leased_until = now() + $4::bigint * interval '1 millisecond'
    WHERE receiver = $1::text AND lane = $2::integer AND owner = $3::uuid AND $5::text = {life}
      AND (xid, seq, id) <= ($6::text::xid8, $7::integer, $8::uuid)
    RETURNING lane
), kept AS (
    INSERT INTO progress_sync.undelivered AS u (receiver, id, lane, xid, seq, type, event_at, reason, status, attempts)
    SELECT $1::text, $8::uuid, lane, $6::text::xid8, $7::integer, $9::text, $10::timestamptz, $11::text, nullif($12::integer, 0), $13::integer
    FROM moved
    ON CONFLICT (receiver, id) DO UPDATE
    SET reason = excluded.reason, status = excluded.status, attempts = u.attempts + excluded.attempts, failed_at = now(), again = false
)
SELECT lane FROM moved
