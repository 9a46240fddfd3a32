-- The records of a batch as rows, in the types of the table and under the names of
-- its columns. What came in before its learner was erased is left out.
--
-- Only the texts are unnested. For each array that is, the server fills a store of
-- its own and reads it row by row, which for all of them takes as long as a third
-- of the rest; an element of a fixed size is found at once by its number, as long
-- as the array has no nulls.
SELECT
        {values}
    FROM claim, unnest(
        {texts}
    ) WITH ORDINALITY AS r ({names}, number)
    WHERE {condition} AND (
        NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
        OR NOT EXISTS (
            SELECT FROM progress_sync.erasures AS e
            WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND {received} <= e.erased_at))
