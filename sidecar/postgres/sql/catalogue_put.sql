-- Leaves alone what is as it was.
-- $1 course, $2 lessons, $3 their weights, $4 whether they are required
INSERT INTO progress_sync.course_catalogue AS c (course_id, lesson_id, weight, required)
SELECT $1, l.lesson_id, l.weight, l.required
FROM unnest($2::text[], $3::integer[], $4::boolean[]) AS l (lesson_id, weight, required)
ON CONFLICT (course_id, lesson_id) DO UPDATE
SET weight = excluded.weight, required = excluded.required, changed_at = excluded.changed_at
WHERE (c.weight, c.required) IS DISTINCT FROM (excluded.weight, excluded.required)
