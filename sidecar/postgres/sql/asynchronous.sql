-- As statement_timeout.sql, for a transaction whose commit need not wait for
-- the disk: one that waits follows it, or what it says is said again soon.
-- $1 milliseconds
SELECT pg_catalog.set_config('statement_timeout', $1::text, true),
       pg_catalog.set_config('synchronous_commit', 'off', true)
