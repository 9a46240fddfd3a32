-- What the catalogue says of courses, and of the lessons of records, at one moment.
-- $1 courses, $2 and $3 course and lesson of each record
SELECT NULL::bigint, c.course_id, count(*), sum(c.weight)::bigint,
    count(*) FILTER (WHERE c.required), coalesce(sum(c.weight) FILTER (WHERE c.required), 0)::bigint
FROM progress_sync.course_catalogue AS c
WHERE c.course_id = ANY ($1::text[])
GROUP BY c.course_id
UNION ALL
SELECT r.n, NULL, NULL, c.weight, c.required::integer, NULL
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS r (course_id, lesson_id, n)
JOIN progress_sync.course_catalogue AS c ON c.course_id = r.course_id AND c.lesson_id = r.lesson_id
