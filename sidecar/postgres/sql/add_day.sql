-- A part of applySQL: what learners did is added to their day. The records are named here
-- once more, as in the end. What came in before a reset and is written after it changes no
-- row, and was done all the same. These rows are locked after those of the table, whatever
-- the batch, and in the same order.
, added AS (
    INSERT INTO progress_sync.activity_daily AS a (user_id, day, course_id, target, seconds, updates)
    SELECT i.user_id, i.day, i.course_id, {target}, sum(i.micros)::float8 / 1e6::float8, sum(i.updates)
    FROM (
    {incoming}) AS i
    WHERE i.updates > 0
    GROUP BY i.user_id, i.day, i.course_id
    ORDER BY i.user_id COLLATE "C", i.day, i.course_id COLLATE "C"
    ON CONFLICT (user_id, day, course_id, target) DO UPDATE SET
        seconds = round(a.seconds * 1e6::float8 + excluded.seconds * 1e6::float8) / 1e6::float8,
        updates = a.updates + excluded.updates
)
