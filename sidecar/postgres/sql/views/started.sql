-- What each row that a learner has begun says, in columns that all tables have. done
-- is the percentage in millionths, and spent in microseconds, so that sums are exact.
SELECT
    {user} AS user_id,
    {course} AS course_id,
    {lesson} AS lesson_id,
    {completed} AS completed,
    {done} AS done,
    {position} AS position,
    {spent} AS spent,
    {first} AS first_seen,
    {last} AS last_seen
FROM {table}
WHERE ({started}){asked}
