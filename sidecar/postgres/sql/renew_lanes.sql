-- Says where all lanes of a writer stand, as touch.sql does of one, and gives the rows
-- of a process its newer token. The update waits for a batch that is still under way;
-- one that comes later was sent under an earlier token, which is the owner of no row.
-- $1 writer, $2 owner, $3 number of lanes, $4 the process's lowest token
UPDATE progress_sync.ledger
SET owner = $2::uuid, updated_at = now()
WHERE writer_id = $1::uuid AND owner BETWEEN $4::uuid AND $2::uuid AND lane < $3::integer
RETURNING lane, batch_no, batch_id, claims, true
