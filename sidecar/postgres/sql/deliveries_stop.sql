-- $1 receiver, $2 owner, $3 terms
UPDATE progress_sync.deliveries SET stopped_for = $3::text, owner = NULL, leased_until = '-infinity'
WHERE receiver = $1::text
  AND EXISTS (SELECT FROM progress_sync.deliveries WHERE receiver = $1::text AND owner = $2::uuid)
