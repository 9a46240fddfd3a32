-- As ledger.sql, for all lanes of a writer. A row is the owner's if it has a token of
-- the same process that is no newer.
-- $1 writer, $2 owner, $3 number of lanes, $4 the process's lowest token
SELECT lane, batch_no, batch_id, claims, owner BETWEEN $4::uuid AND $2::uuid
FROM progress_sync.ledger
WHERE writer_id = $1::uuid AND lane < $3::integer
