-- Moves a lane, never back: who comes late has lost it meanwhile.
-- $1 receiver, $2 lane, $3 owner, $4 lease in milliseconds, $5 to $7 cursor
UPDATE progress_sync.deliveries
SET xid = $5::text::xid8, seq = $6::integer, id = $7::uuid, refused = NULL, refusals = 0,
    leased_until = now() + $4::bigint * interval '1 millisecond'
WHERE receiver = $1::text AND lane = $2::integer AND owner = $3::uuid
  AND (xid, seq, id) <= ($5::text::xid8, $6::integer, $7::uuid)
RETURNING lane
