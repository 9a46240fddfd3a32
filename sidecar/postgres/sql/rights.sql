SELECT coalesce(bool_and(
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')), true),
    coalesce(array_agg(c.relname::text ORDER BY c.relname) FILTER (WHERE row_security_active(c.oid)), '{}')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'progress_sync' AND c.relname IN ('lesson_progress', 'ledger', 'erasures')
