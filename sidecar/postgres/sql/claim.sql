-- Takes the ledger rows of a writer's lanes for a new owner, and makes those
-- that are missing. The update waits for what an earlier owner still has
-- under way; what that one sends later finds another owner.
-- $1 writer, $2 owner, $3 number of lanes
WITH taken AS (
    UPDATE progress_sync.ledger
    SET owner = $2::uuid, claimed_at = now(), updated_at = now()
    WHERE writer_id = $1::uuid AND lane < $3::integer
    RETURNING lane, batch_no
), made AS (
    INSERT INTO progress_sync.ledger (writer_id, lane, owner)
    SELECT $1::uuid, lane, $2::uuid
    FROM generate_series(0, $3::integer - 1) AS lane
    WHERE lane NOT IN (SELECT lane FROM taken)
    ON CONFLICT (writer_id, lane) DO NOTHING
    RETURNING lane, batch_no
)
SELECT lane, batch_no, true FROM taken
UNION ALL
SELECT lane, batch_no, false FROM made
ORDER BY lane
