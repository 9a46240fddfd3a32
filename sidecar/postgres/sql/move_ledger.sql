-- $1 writer, $2 lane, $3 owner, $4 number
UPDATE progress_sync.ledger
SET batch_no = $4::bigint, batch_id = 0, updated_at = now()
WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid
