-- What a table is, and what the role may do with it. The columns of the partition
-- keys, of partitions that are partitioned too as well; an expression has no name.
-- $1 schema, $2 table
SELECT c.oid, c.relkind::text, c.relpersistence::text,
       has_schema_privilege(n.oid, 'USAGE'),
       ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS a (p, number)
             WHERE NOT has_table_privilege(c.oid, p) ORDER BY a.number),
       row_security_active(c.oid),
       ARRAY(SELECT DISTINCT coalesce(a.attname::text, '')
             FROM pg_catalog.pg_partition_tree(c.oid) t
             JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid
             CROSS JOIN unnest(p.partattrs) AS k (number)
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.relid AND a.attnum = k.number AND k.number > 0),
       c.relkind = 'r' AND (c.relreplident = 'n' OR c.relreplident = 'd' AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))
       AND EXISTS (SELECT FROM pg_catalog.pg_publication_tables t
                   JOIN pg_catalog.pg_publication p ON p.pubname = t.pubname
                   WHERE t.schemaname = n.nspname AND t.tablename = c.relname AND (p.pubupdate OR p.pubdelete)),
       c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1::text AND c.relname = $2::text
