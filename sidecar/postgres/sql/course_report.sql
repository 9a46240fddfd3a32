-- The lessons of one course, and whether row-level security hides some of its rows.
SELECT seen.visible, v.lesson_id, v.learners, v.completed, v.completion_percent, v.median_percent, v.median_position_seconds,
    v.unfinished_by_tenth, v.weight, v.required
FROM (SELECT {visible} AS visible) AS seen
LEFT JOIN (
    {lessons}
) AS v ON true
ORDER BY v.lesson_id
LIMIT {most}
