-- Keeps a lane for longer, and notes the event that was refused there, if any.
-- $1 receiver, $2 lane, $3 owner, $4 lease in milliseconds, $5 the server's life
-- that it was taken in, $6 refused, NULL for no change, $7 how often
UPDATE progress_sync.deliveries
SET leased_until = now() + $4::bigint * interval '1 millisecond',
    refused = coalesce($6::uuid, refused), refusals = CASE WHEN $6::uuid IS NULL THEN refusals ELSE $7::integer END
WHERE receiver = $1::text AND lane = $2::integer AND owner = $3::uuid AND $5::text = {life}
RETURNING lane
