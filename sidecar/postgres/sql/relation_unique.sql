-- All unique indexes. An expression has no name, and whether nulls are distinct
-- can be said since version 15.
-- $1 table
SELECT i.indexrelid::regclass::text,
       ARRAY(SELECT coalesce(a.attname::text, '')
             FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0
             WHERE k.place <= i.indnkeyatts
             ORDER BY k.place),
       coalesce((SELECT min(c.conname) FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid AND c.conrelid = i.indrelid), ''),
       i.indisprimary, i.indisvalid, NOT i.indimmediate, i.indpred IS NOT NULL,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false)
FROM pg_catalog.pg_index i
WHERE i.indrelid = $1::oid AND i.indisunique
ORDER BY i.indnkeyatts, i.indexrelid
