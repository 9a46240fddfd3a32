-- $1 course
SELECT lesson_id, weight, required
FROM progress_sync.course_catalogue
WHERE course_id = $1
ORDER BY lesson_id
