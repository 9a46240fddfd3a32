-- A learner's rows together with the numbers of a writer's ledger. One statement
-- sees one moment: the rows hold all batches up to the numbers and no others.
SELECT ledger.numbers, ledger.visible, row.*
FROM (
    SELECT coalesce(array_agg(batch_no ORDER BY lane), '{}') AS numbers,
        {visible} AS visible
    FROM progress_sync.ledger
    WHERE writer_id = $1::uuid
) AS ledger
LEFT JOIN (
    SELECT
        {columns}
    FROM {table}
    WHERE {asked}
    ORDER BY {order}
    LIMIT $5::integer
) AS row ON true
