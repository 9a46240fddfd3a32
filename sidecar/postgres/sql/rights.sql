-- Whether the role may use tables in our schema, as far as they are there, and in
-- which of them row-level security is in force for it.
-- $1 names of the tables
SELECT coalesce(bool_and(
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')), true),
    coalesce(array_agg(c.relname::text ORDER BY c.relname) FILTER (WHERE row_security_active(c.oid)), '{}')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'progress_sync' AND c.relname = ANY ($1::text[])
