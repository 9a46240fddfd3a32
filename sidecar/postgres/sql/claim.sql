-- Takes the ledger rows of a writer's lanes for a new owner, and makes those
-- that are missing. The update waits for what an earlier owner still has
-- under way; what that one sends later finds another owner.
-- $1 writer, $2 owner, $3 number of lanes
WITH taken AS (
    UPDATE progress_sync.ledger
    SET owner = $2::uuid, claims = claims + 1, claimed_at = now(), updated_at = now()
    WHERE writer_id = $1::uuid AND lane < $3::integer
    RETURNING lane, batch_no, batch_id, claims
), made AS (
    INSERT INTO progress_sync.ledger (writer_id, lane, owner, claims)
    SELECT $1::uuid, lane, $2::uuid, 1
    FROM generate_series(0, $3::integer - 1) AS lane
    WHERE lane NOT IN (SELECT lane FROM taken)
    ON CONFLICT (writer_id, lane) DO NOTHING
    RETURNING lane, batch_no, batch_id, claims
)
SELECT lane, batch_no, batch_id, claims, true FROM taken
UNION ALL
SELECT lane, batch_no, batch_id, claims, false FROM made
ORDER BY lane
