-- Says where the ledger row stands. That it writes makes its commit wait for
-- the disk, and with it what was committed before without waiting.
-- $1 writer, $2 lane, $3 owner
UPDATE progress_sync.ledger
SET updated_at = now()
WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid
RETURNING batch_no, true, claims
