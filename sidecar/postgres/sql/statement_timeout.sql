-- Bounds the statements after it in the same transaction. A setting of the
-- session would reach other clients of a PgBouncer.
-- $1 milliseconds
SELECT pg_catalog.set_config('statement_timeout', $1::text, true)
