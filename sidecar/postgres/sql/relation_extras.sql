-- What else acts on a table's rows: triggers, rules, constraints, and functions
-- that the role may not run though a default, a constraint or an index calls them.
-- $1 table
SELECT 'trigger' AS kind, t.tgname::text AS name, '' AS detail
FROM pg_catalog.pg_trigger t
WHERE t.tgrelid = $1::oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
UNION ALL
SELECT 'rule', r.rulename::text, r.ev_type::text
FROM pg_catalog.pg_rewrite r
WHERE r.ev_class = $1::oid AND r.ev_enabled <> 'D' AND r.ev_type IN ('2', '3', '4')
UNION ALL
SELECT CASE c.contype WHEN 'c' THEN 'check' ELSE 'foreign key' END, c.conname::text, ''
FROM pg_catalog.pg_constraint c
WHERE c.conrelid = $1::oid AND c.contype IN ('c', 'f')
UNION ALL
SELECT 'function', p.oid::regprocedure::text, coalesce(a.attname::text, '')
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid AND d.refclassid = 'pg_proc'::regclass
LEFT JOIN pg_catalog.pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
LEFT JOIN pg_catalog.pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
LEFT JOIN pg_catalog.pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
WHERE $1::oid IN (e.adrelid, c.conrelid, i.indrelid) AND NOT has_function_privilege(p.oid, 'EXECUTE')
ORDER BY kind, name
