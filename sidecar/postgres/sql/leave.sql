-- Says that a process has stopped, unless another one has its spool by now. The row
-- stays for a day, so that the others are told that it is gone.
-- $1 writer, $2 owner
UPDATE progress_sync.sidecars
SET leaving = true, seen_at = now() - interval '1 minute', changed_at = now()
WHERE writer_id = $1::uuid AND owner = $2::uuid
