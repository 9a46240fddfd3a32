-- As touch.sql, for all lanes of a writer.
-- $1 writer, $2 owner, $3 number of lanes
UPDATE progress_sync.ledger
SET updated_at = now()
WHERE writer_id = $1::uuid AND owner = $2::uuid AND lane < $3::integer
RETURNING lane, batch_no, batch_id, claims, true
