-- $1 writer, $2 lane, $3 owner
SELECT batch_no, owner = $3::uuid, claims
FROM progress_sync.ledger
WHERE writer_id = $1::uuid AND lane = $2::integer
