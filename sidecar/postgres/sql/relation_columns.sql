-- The type without its length, since a cast to varchar(3) would cut a value off
-- where an assignment refuses it. Of a domain it is the type below all of them,
-- for the same reason. Of a sequence that gives a column its values, the part of
-- them that is left; what the role may not see of it is taken for good.
-- $1 table
SELECT a.attname::text, format_type(a.atttypid, -1), format_type(b.oid, -1),
       CASE WHEN b.typname IN ('numeric', 'timestamp', 'timestamptz') AND d.modifier >= 0 THEN format_type(b.oid, d.modifier) ELSE '' END,
       b.typcategory::text, b.typtype = 'e',
       a.attnotnull OR d.not_null,
       a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
       a.attgenerated <> '' OR a.attidentity = 'a',
       CASE WHEN b.typname IN ('varchar', 'bpchar') THEN greatest(d.modifier - 4, 0) WHEN b.typname = 'varbit' THEN greatest(d.modifier, 0) ELSE 0 END,
       CASE WHEN b.typname = 'numeric' AND d.modifier >= 4 THEN (d.modifier - 4) & 2047 ELSE -1 END,
       NOT coalesce(c.collisdeterministic, true),
       coalesce(pg_get_expr(e.adbin, e.adrelid), t.typdefault, ''),
       coalesce(s.seqrelid::regclass::text, ''),
       a.attidentity <> '' OR coalesce(has_sequence_privilege(s.seqrelid, 'USAGE, UPDATE'), true),
       CASE WHEN s.seqincrement > 0 AND NOT s.seqcycle AND has_sequence_privilege(s.seqrelid, 'SELECT, USAGE') THEN
           (1 - (coalesce(pg_catalog.pg_sequence_last_value(s.seqrelid), s.seqstart)::numeric
               / least(s.seqmax, CASE b.typname WHEN 'int2' THEN 32767 WHEN 'int4' THEN 2147483647 ELSE 9223372036854775807 END)))::float8
       ELSE 1 END
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
CROSS JOIN LATERAL (
    WITH RECURSIVE below AS (
        SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull
        UNION ALL
        SELECT n.oid, n.typtype, n.typbasetype, n.typtypmod, n.typnotnull
        FROM below
        JOIN pg_catalog.pg_type n ON n.oid = below.typbasetype
        WHERE below.typtype = 'd'
    )
    SELECT max(oid) FILTER (WHERE typtype <> 'd') AS base, bool_or(typnotnull) AS not_null,
           greatest(max(typtypmod), a.atttypmod) AS modifier
    FROM below
) AS d
JOIN pg_catalog.pg_type b ON b.oid = d.base
LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
LEFT JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
LEFT JOIN LATERAL (
    SELECT q.*
    FROM pg_catalog.pg_depend p
    JOIN pg_catalog.pg_sequence q ON q.seqrelid = CASE p.classid WHEN 'pg_attrdef'::regclass THEN p.refobjid ELSE p.objid END
    WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = e.oid AND p.refclassid = 'pg_class'::regclass
       OR p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.deptype = 'i'
          AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum
    LIMIT 1
) AS s ON true
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
