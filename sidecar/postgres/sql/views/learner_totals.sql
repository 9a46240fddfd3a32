-- All lessons that were started count, whatever a catalogue says.
SELECT
    p.user_id,
    {courses} AS courses,
    count(*) AS lessons_started,
    {completions} AS lessons_completed,
    sum(p.spent)::float8 / 1e6::float8 AS time_spent_seconds,
    min(p.first_seen) AS first_seen,
    max(p.last_seen) AS last_seen
FROM (
    {started}
) AS p
GROUP BY p.user_id
