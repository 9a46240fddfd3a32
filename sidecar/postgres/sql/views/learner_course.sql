-- Where a course has a catalogue only its lessons count, and those that were not
-- started count as 0.
SELECT
    g.user_id,
    g.course_id,
    CASE WHEN c.lessons > 0 THEN g.listed ELSE g.started END AS lessons_started,
    CASE WHEN c.lessons > 0 THEN g.listed_completed ELSE g.completed END AS lessons_completed,
    CASE WHEN c.lessons > 0 THEN coalesce(g.listed_done, {nothing}) / (c.weight::float8 * 1e6::float8) ELSE g.done / (g.started::float8 * 1e6::float8) END AS percent,
    CASE WHEN c.lessons > 0 THEN 'course' ELSE 'started' END AS percent_of,
    nullif(c.lessons, 0) AS lessons,
    CASE WHEN c.lessons > 0 THEN c.required END AS required_lessons,
    CASE WHEN c.lessons > 0 THEN g.required_completed END AS required_completed,
    coalesce(g.required_done, {nothing}) / (c.required_weight::float8 * 1e6::float8) AS required_percent,
    g.spent / 1e6::float8 AS time_spent_seconds,
    g.first_seen,
    g.last_seen
FROM (
    SELECT
        p.user_id,
        p.course_id,
        count(*) AS started,
        {completions} AS completed,
        sum(p.done)::float8 AS done,
        count(l.weight) AS listed,
        {listed completions} AS listed_completed,
        {required completions} AS required_completed,
        sum(p.done * l.weight)::float8 AS listed_done,
        (sum(p.done * l.weight) FILTER (WHERE l.required))::float8 AS required_done,
        sum(p.spent)::float8 AS spent,
        min(p.first_seen) AS first_seen,
        max(p.last_seen) AS last_seen
    FROM (
        {started}
    ) AS p
    LEFT JOIN progress_sync.course_catalogue AS l ON l.course_id = p.course_id AND l.lesson_id = p.lesson_id
    GROUP BY p.user_id, p.course_id
) AS g
CROSS JOIN LATERAL (
    SELECT
        count(*) AS lessons,
        sum(l.weight) AS weight,
        count(*) FILTER (WHERE l.required) AS required,
        sum(l.weight) FILTER (WHERE l.required) AS required_weight
    FROM progress_sync.course_catalogue AS l
    WHERE l.course_id = g.course_id
) AS c
