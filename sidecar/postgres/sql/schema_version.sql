-- Asks only catalogs that everyone may read, so that it answers before the
-- schema is there and without rights on it.
SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'progress_sync'),
       count(*) FILTER (WHERE c.relname NOT IN ('erasures', 'sidecars', 'outbox', 'deliveries', 'undelivered')) = 3,
       count(*) FILTER (WHERE c.relname = 'erasures') = 1,
       count(*) FILTER (WHERE c.relname = 'ledger' AND EXISTS (
           SELECT FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attname = 'batch_id' AND NOT a.attisdropped)) = 1,
       count(*) FILTER (WHERE c.relname = 'sidecars') = 1,
       EXISTS (
           SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace f ON f.oid = p.pronamespace
           WHERE f.nspname = 'progress_sync' AND p.proname = 'variant_of'),
       count(*) FILTER (WHERE c.relname = 'outbox') = 1 AND count(*) FILTER (WHERE c.relname = 'lesson_progress' AND EXISTS (
           SELECT FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attname = 'event_mark' AND NOT a.attisdropped)) = 1,
       count(*) FILTER (WHERE c.relname IN ('deliveries', 'undelivered')) = 2,
       (SELECT count(*) FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace f ON f.oid = s.relnamespace
        WHERE f.nspname = 'progress_sync' AND s.relname IN ('course_catalogue', 'learner_course', 'course_lessons', 'learner_totals')
          AND s.relkind IN ('r', 'p', 'v')) = 4,
       count(*) FILTER (WHERE c.relname = 'lesson_progress' AND EXISTS (
           SELECT FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attname = 'watched' AND NOT a.attisdropped)) = 1,
       EXISTS (
           SELECT FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace f ON f.oid = s.relnamespace
           WHERE f.nspname = 'progress_sync' AND s.relname = 'activity_daily' AND s.relkind IN ('r', 'p')),
       coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = 'progress_sync'),
           has_database_privilege(current_database(), 'CREATE'))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'progress_sync'
  AND c.relname IN ('lesson_progress', 'ledger', 'schema_migrations', 'erasures', 'sidecars', 'outbox', 'deliveries', 'undelivered')
  AND c.relkind IN ('r', 'p')
