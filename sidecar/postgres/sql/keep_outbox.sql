-- $1 retention in days
SELECT progress_sync.keep_outbox($1::integer)
