-- $1 receiver, $2 owner
UPDATE progress_sync.deliveries SET owner = NULL, leased_until = '-infinity'
WHERE receiver = $1::text AND owner = $2::uuid
