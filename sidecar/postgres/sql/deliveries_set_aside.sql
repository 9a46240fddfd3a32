-- Moves a lane behind an event and keeps it as a dead letter.
-- $1 receiver, $2 lane, $3 owner, $4 lease in milliseconds, $5 to $7 the event's position,
-- $8 its type, $9 its time, $10 reason, $11 status, $12 attempts
WITH moved AS (
    UPDATE progress_sync.deliveries
    SET xid = $5::text::xid8, seq = $6::integer, id = $7::uuid, refused = NULL, refusals = 0,
        leased_until = now() + $4::bigint * interval '1 millisecond'
    WHERE receiver = $1::text AND lane = $2::integer AND owner = $3::uuid
      AND (xid, seq, id) <= ($5::text::xid8, $6::integer, $7::uuid)
    RETURNING lane
), kept AS (
    INSERT INTO progress_sync.undelivered AS u (receiver, id, lane, xid, seq, type, event_at, reason, status, attempts)
    SELECT $1::text, $7::uuid, lane, $5::text::xid8, $6::integer, $8::text, $9::timestamptz, $10::text, nullif($11::integer, 0), $12::integer
    FROM moved
    ON CONFLICT (receiver, id) DO UPDATE
    SET reason = excluded.reason, status = excluded.status, attempts = u.attempts + excluded.attempts, failed_at = now(), again = false
)
SELECT lane FROM moved
