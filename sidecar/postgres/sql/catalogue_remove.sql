-- $1 course, $2 lessons that stay
DELETE FROM progress_sync.course_catalogue
WHERE course_id = $1 AND lesson_id <> ALL ($2::text[])
