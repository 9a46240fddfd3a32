-- Keeps a lane for longer, and notes the event that was refused there, if any.
-- $1 receiver, $2 lane, $3 owner, $4 lease in milliseconds, $5 refused, NULL for no
-- change, $6 how often
UPDATE progress_sync.deliveries
SET leased_until = now() + $4::bigint * interval '1 millisecond',
    refused = coalesce($5::uuid, refused), refusals = CASE WHEN $5::uuid IS NULL THEN refusals ELSE $6::integer END
WHERE receiver = $1::text AND lane = $2::integer AND owner = $3::uuid
RETURNING lane
