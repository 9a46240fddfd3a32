-- Writes one batch into a table that a mapping names, once. It is one statement,
-- hence one transaction: the ledger row moves from the number before the batch to
-- the batch's number and the records are merged, or nothing happens. Locking the
-- ledger row comes first, so an attempt whose answer was lost and which still runs
-- is waited for.
--
-- The rows are sorted by key, so that concurrent writers lock them in the same
-- order. A record that changes nothing does not rewrite its row. A record that should
-- change a row and does not, since a trigger has swallowed it, makes the statement
-- fail.
--
-- The table may have columns that take a value of a sequence and triggers that do
-- something for each new row, so that rows which are there are updated and only the
-- others are offered for insertion.
--
-- l is the row that is there, excluded the one that is to be.
WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    {incoming}
), there AS (
    SELECT {key of i}
    FROM incoming AS i JOIN {table} AS l ON {l is i}
    ORDER BY {order}
    FOR NO KEY UPDATE OF l
), updated AS (
    UPDATE {table} AS l SET
        {merged}
    FROM there AS t JOIN incoming AS excluded ON {t is excluded}
    WHERE {l is excluded}
      AND ({changes})
    RETURNING {returned}
), inserted AS (
    INSERT INTO {table} AS l (
        {columns})
    SELECT
        {values}
    FROM incoming AS i
    WHERE NOT EXISTS (SELECT FROM there AS t WHERE {t is i})
    ORDER BY {order}
    ON CONFLICT ({key}) DO UPDATE SET
        {merged}
    WHERE {changes}
    RETURNING {returned}
){told}{days}{unused}
-- Fewer rows than records: then those are counted that have to change a row or make
-- one. A row may have a trigger that spares it an update to the same values. This
-- sees the rows as they were when the statement began: a reset by another sidecar
-- that came in between makes it count one too many.
SELECT (SELECT count(*) FROM claim), ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)),
    CASE WHEN ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)) < cardinality($7::text[]) AND ((SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted)) < (
        SELECT count(*) FROM incoming AS excluded LEFT JOIN {table} AS l ON {l is excluded}
        WHERE l.{learner} IS NULL OR ({changes})
          AND ({present}) IS DISTINCT FROM (
            {future}))
        THEN {fail} END
