-- $1 receiver, $2 id, $3 whether it may go, $4 status
WITH gone AS (
    DELETE FROM progress_sync.undelivered WHERE receiver = $1::text AND id = $2::uuid AND $3::boolean
)
UPDATE progress_sync.undelivered
SET again = false, attempts = attempts + 1, status = nullif($4::integer, 0), failed_at = now()
WHERE receiver = $1::text AND id = $2::uuid AND NOT $3::boolean
