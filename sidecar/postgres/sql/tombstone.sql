-- Enters an erasure, unless one as late is there. Returns a row if it did.
-- $1 user, $2 erased at
INSERT INTO progress_sync.erasures AS e (user_hash, erased_at)
VALUES (sha256(convert_to($1::text, 'UTF8')), $2::timestamptz)
ON CONFLICT (user_hash) DO UPDATE SET erased_at = excluded.erased_at
WHERE excluded.erased_at > e.erased_at
RETURNING true
