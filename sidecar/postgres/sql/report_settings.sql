-- For a report of many rows, in the same transaction. Compiling its many aggregates
-- takes longer than running them, and workers would take a second core from the writes
-- to hand on rows that are sorted once more. The memory is for one sort of about 100,000
-- rows; more are sorted on the disk.
-- $1 statement_timeout in milliseconds
SELECT pg_catalog.set_config('statement_timeout', $1::text, true),
    pg_catalog.set_config('jit', 'off', true),
    pg_catalog.set_config('max_parallel_workers_per_gather', '0', true),
    pg_catalog.set_config('work_mem', '16MB', true)
