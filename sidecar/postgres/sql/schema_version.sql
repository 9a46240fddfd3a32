-- Asks only catalogs that everyone may read, so that it answers before the
-- schema is there and without rights on it.
SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'progress_sync'),
       count(*) FILTER (WHERE c.relname <> 'erasures') = 3,
       count(*) FILTER (WHERE c.relname = 'erasures') = 1,
       count(*) FILTER (WHERE c.relname = 'ledger' AND EXISTS (
           SELECT FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attname = 'batch_id' AND NOT a.attisdropped)) = 1
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'progress_sync'
  AND c.relname IN ('lesson_progress', 'ledger', 'schema_migrations', 'erasures')
  AND c.relkind IN ('r', 'p')
