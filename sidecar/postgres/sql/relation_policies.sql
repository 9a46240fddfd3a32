-- The policies of row-level security that are in force for the role.
-- $1 table
SELECT p.polcmd::text, p.polpermissive,
       coalesce(pg_get_expr(p.polqual, p.polrelid), '') IN ('', 'true') AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') IN ('', 'true')
FROM pg_catalog.pg_policy p
WHERE p.polrelid = $1::oid
  AND EXISTS (SELECT FROM unnest(p.polroles) AS r (oid) WHERE r.oid = 0 OR pg_has_role(r.oid, 'USAGE'))
