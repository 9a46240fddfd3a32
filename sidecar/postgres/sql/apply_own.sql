-- Writes one batch into our own table, once: see apply_mapped.sql. Ours has no
-- column that takes a value of a sequence and no trigger for new rows, so that all
-- rows can be offered for insertion.
--
-- l is the row that is there, excluded the one that is to be.
WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    {incoming}
), written AS (
    INSERT INTO {table} AS l (
        {columns})
    SELECT
        {values}
    FROM incoming AS i
    ORDER BY {order}
    ON CONFLICT ({key}) DO UPDATE SET
        {merged}
    WHERE {changes}
    RETURNING {returned}
){told}{days}{unused}
-- Fewer rows than records: then those are counted that have to change a row or make
-- one. They are named here once more, since a second use of incoming would make it a
-- table that the server has to fill.
SELECT (SELECT count(*) FROM claim), (SELECT count(*) FROM written),
    CASE WHEN (SELECT count(*) FROM written) < cardinality($7::text[]) AND (SELECT count(*) FROM written) < (
        SELECT count(*) FROM (
    {deciding}) AS excluded LEFT JOIN {table} AS l ON {l is excluded}
        WHERE l.{learner} IS NULL OR ({changes}))
        THEN {fail} END
