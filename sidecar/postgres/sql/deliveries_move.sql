-- Moves a lane, never back: who comes late has lost it meanwhile.
-- $1 receiver, $2 lane, $3 owner, $4 lease in milliseconds, $5 the server's life that the
-- cursor is of, $6 to $8 cursor
UPDATE progress_sync.deliveries
SET xid = $6::text::xid8, seq = $7::integer, id = $8::uuid, refused = NULL, refusals = 0,
    leased_until = now() + $4::bigint * interval '1 millisecond'
WHERE receiver = $1::text AND lane = $2::integer AND owner = $3::uuid AND $5::text = {life}
  AND (xid, seq, id) <= ($6::text::xid8, $7::integer, $8::uuid)
RETURNING lane
