-- True if row-level security hides no row of the table from the role: none is in
-- force for it, or a policy lets it see every row and no other restricts that
-- (PostgreSQL, "Row Security Policies").
(NOT pg_catalog.row_security_active({table})
        OR EXISTS (
            SELECT FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = {table} AND p.polcmd IN ('r', '*') AND p.polpermissive AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true' AND EXISTS (
                SELECT FROM unnest(p.polroles) AS role
                WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE')))
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = {table} AND p.polcmd IN ('r', '*') AND NOT p.polpermissive AND EXISTS (
                SELECT FROM unnest(p.polroles) AS role
                WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE'))))
