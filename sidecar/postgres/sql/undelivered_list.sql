-- Dead letters of all receivers of a policy, the oldest first.
-- $1 policy, $2 the most
SELECT receiver, id::text, type, event_at, reason, status, attempts, failed_at, again
FROM progress_sync.undelivered
WHERE receiver = $1::text OR starts_with(receiver, $1::text || '/')
ORDER BY failed_at, receiver, id
LIMIT $2::integer
