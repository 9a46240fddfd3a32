-- The columns of a table that take their values from a sequence which has none
-- left that fits into the column. What the role may not see of a sequence is
-- taken for good.
-- $1 schema, $2 table
SELECT a.attname::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
JOIN (
    SELECT d.refobjid AS relation, d.refobjsubid AS number, d.objid AS sequence
    FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    UNION
    SELECT f.adrelid, f.adnum, d.refobjid
    FROM pg_catalog.pg_attrdef f
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
) u ON u.relation = a.attrelid AND u.number = a.attnum
JOIN pg_catalog.pg_sequence s ON s.seqrelid = u.sequence
WHERE n.nspname = $1::text AND c.relname = $2::text
  AND CASE WHEN s.seqincrement > 0 AND has_sequence_privilege(s.seqrelid, 'SELECT, USAGE') THEN
          coalesce(pg_catalog.pg_sequence_last_value(s.seqrelid), s.seqstart)::numeric
              + CASE WHEN s.seqcycle THEN 0 ELSE s.seqincrement END
          > least(s.seqmax, CASE a.atttypid
              WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END)
      ELSE false END
ORDER BY a.attnum
