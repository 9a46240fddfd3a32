-- The lessons that somebody has started, and those of the catalogue.
SELECT
    p.course_id,
    p.lesson_id,
    count(p.user_id) AS learners,
    {completions} AS completed,
    100 * {completions} / nullif(count(p.user_id), 0)::float8 AS completion_percent,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p.done::float8) / 1e6::float8 AS median_percent,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p.position) AS median_position_seconds,
    {tenths} AS unfinished_by_tenth,
    max(p.weight) AS weight,
    bool_or(p.required) AS required
FROM (
    SELECT s.user_id, s.course_id, s.lesson_id, s.completed, s.done, s.position,
        least(s.done / 10000000, 9) AS tenth,
        NULL::integer AS weight, NULL::boolean AS required
    FROM (
        {started}
    ) AS s
    UNION ALL
    SELECT NULL, l.course_id, l.lesson_id, NULL, NULL, NULL, NULL, l.weight, l.required
    FROM progress_sync.course_catalogue AS l{asked catalogue}
) AS p
GROUP BY p.course_id, p.lesson_id
