-- The type without its length, since a cast to varchar(3) would cut a value off
-- where an assignment refuses it. Of a domain it is the type below all of them,
-- for the same reason.
-- $1 table
SELECT a.attname::text, format_type(a.atttypid, -1), format_type(b.oid, -1), b.typcategory::text,
       a.attnotnull OR d.not_null,
       a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
       a.attgenerated <> '' OR a.attidentity = 'a',
       CASE WHEN b.typname IN ('varchar', 'bpchar') THEN greatest(d.modifier - 4, 0) ELSE 0 END,
       CASE WHEN b.typname = 'numeric' AND d.modifier >= 4 THEN (d.modifier - 4) & 2047 ELSE -1 END,
       NOT coalesce(c.collisdeterministic, true)
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
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
