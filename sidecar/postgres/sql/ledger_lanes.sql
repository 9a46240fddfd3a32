-- As ledger.sql, for all lanes of a writer.
-- $1 writer, $2 owner, $3 number of lanes
SELECT lane, batch_no, batch_id, claims, owner = $2::uuid
FROM progress_sync.ledger
WHERE writer_id = $1::uuid AND lane < $3::integer
