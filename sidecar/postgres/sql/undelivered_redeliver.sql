-- Has dead letters of a policy sent once more.
-- $1 policy, $2 id, NULL for all
UPDATE progress_sync.undelivered SET again = true
WHERE (receiver = $1::text OR starts_with(receiver, $1::text || '/')) AND ($2::uuid IS NULL OR id = $2::uuid)
RETURNING id
