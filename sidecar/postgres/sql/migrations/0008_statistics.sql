-- Nothing that sidecars of earlier versions write goes through this. The views read
-- with the rights of whoever applies this, so that a role for reports needs none on the
-- tables.

CREATE TABLE IF NOT EXISTS progress_sync.course_catalogue (
    course_id  text COLLATE "C" NOT NULL,
    lesson_id  text COLLATE "C" NOT NULL,
    weight     integer          NOT NULL CHECK (weight > 0),
    required   boolean          NOT NULL,
    changed_at timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (course_id, lesson_id)
);
COMMENT ON TABLE progress_sync.course_catalogue IS 'Lessons of the courses whose lessons the LMS has told, with PUT /v1/courses/{id}. Without them percent of a course means percent of what was started.';
COMMENT ON COLUMN progress_sync.course_catalogue.weight IS 'What the lesson counts for in the percent of its course.';
COMMENT ON COLUMN progress_sync.course_catalogue.required IS 'Whether the lesson counts for the required percent of its course.';
COMMENT ON COLUMN progress_sync.course_catalogue.changed_at IS 'When the LMS last told something else of the lesson.';

DO $$
DECLARE
    patience text := current_setting('lock_timeout');
BEGIN
    -- A table of this size is indexed in a moment. Of a larger one the building would
    -- keep all writes waiting: who wants the index builds it with CONCURRENTLY, which
    -- can't be in a transaction.
    IF to_regclass('progress_sync.lesson_progress_course') IS NULL
        AND pg_relation_size('progress_sync.lesson_progress') <= 8 * 1024 * 1024 THEN
        PERFORM set_config('lock_timeout', '1s', true);
        CREATE INDEX lesson_progress_course ON progress_sync.lesson_progress (course_id, lesson_id);
        PERFORM set_config('lock_timeout', patience, true);
    END IF;
EXCEPTION
    -- Somebody else has the table for longer, or owns it.
    WHEN lock_not_available OR insufficient_privilege THEN NULL;
END
$$;

CREATE OR REPLACE VIEW progress_sync.learner_course AS
SELECT
    g.user_id,
    g.course_id,
    CASE WHEN c.lessons > 0 THEN g.listed ELSE g.started END AS lessons_started,
    CASE WHEN c.lessons > 0 THEN g.listed_completed ELSE g.completed END AS lessons_completed,
    CASE WHEN c.lessons > 0 THEN coalesce(g.listed_done, 0) / (c.weight::float8 * 1e6::float8) ELSE g.done / (g.started::float8 * 1e6::float8) END AS percent,
    CASE WHEN c.lessons > 0 THEN 'course' ELSE 'started' END AS percent_of,
    nullif(c.lessons, 0) AS lessons,
    CASE WHEN c.lessons > 0 THEN c.required END AS required_lessons,
    CASE WHEN c.lessons > 0 THEN g.required_completed END AS required_completed,
    coalesce(g.required_done, 0) / (c.required_weight::float8 * 1e6::float8) AS required_percent,
    g.spent / 1e6::float8 AS time_spent_seconds,
    g.first_seen,
    g.last_seen
FROM (
    SELECT
        p.user_id,
        p.course_id,
        count(*) AS started,
        count(*) FILTER (WHERE p.completed) AS completed,
        sum(p.done)::float8 AS done,
        count(l.weight) AS listed,
        count(*) FILTER (WHERE p.completed AND l.weight IS NOT NULL) AS listed_completed,
        count(*) FILTER (WHERE p.completed AND l.required) AS required_completed,
        sum(p.done * l.weight)::float8 AS listed_done,
        (sum(p.done * l.weight) FILTER (WHERE l.required))::float8 AS required_done,
        sum(p.spent)::float8 AS spent,
        min(p.first_seen) AS first_seen,
        max(p.last_seen) AS last_seen
    FROM (
        SELECT
            user_id AS user_id,
            course_id AS course_id,
            lesson_id AS lesson_id,
            completed AS completed,
            CASE WHEN completed THEN 100000000 ELSE round(least(greatest(percentage, 0), 100) * 1e6::float8)::bigint END AS done,
            max_position_seconds AS position,
            round(time_spent_seconds * 1e6::float8)::bigint AS spent,
            first_watched_at AS first_seen,
            last_watched_at AS last_seen
        FROM progress_sync.lesson_progress
        WHERE (update_count > 0 OR percentage > 0 OR last_watched_at IS NOT NULL OR completed OR max_position_seconds > 0 OR position_seconds > 0 OR watched_seconds > 0 OR time_spent_seconds > 0)
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
) AS c;
COMMENT ON VIEW progress_sync.learner_course IS 'A row for each learner and course: what was started and completed, percent of the course, time and last visit.';

CREATE OR REPLACE VIEW progress_sync.course_lessons AS
SELECT
    p.course_id,
    p.lesson_id,
    count(p.user_id) AS learners,
    count(*) FILTER (WHERE p.completed) AS completed,
    100 * count(*) FILTER (WHERE p.completed) / nullif(count(p.user_id), 0)::float8 AS completion_percent,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p.done::float8) / 1e6::float8 AS median_percent,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p.position) AS median_position_seconds,
    ARRAY[
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 0),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 1),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 2),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 3),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 4),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 5),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 6),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 7),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 8),
        count(*) FILTER (WHERE NOT p.completed AND p.tenth = 9)
    ] AS unfinished_by_tenth,
    max(p.weight) AS weight,
    bool_or(p.required) AS required
FROM (
    SELECT s.user_id, s.course_id, s.lesson_id, s.completed, s.done, s.position,
        least(s.done / 10000000, 9) AS tenth,
        NULL::integer AS weight, NULL::boolean AS required
    FROM (
        SELECT
            user_id AS user_id,
            course_id AS course_id,
            lesson_id AS lesson_id,
            completed AS completed,
            CASE WHEN completed THEN 100000000 ELSE round(least(greatest(percentage, 0), 100) * 1e6::float8)::bigint END AS done,
            max_position_seconds AS position,
            round(time_spent_seconds * 1e6::float8)::bigint AS spent,
            first_watched_at AS first_seen,
            last_watched_at AS last_seen
        FROM progress_sync.lesson_progress
        WHERE (update_count > 0 OR percentage > 0 OR last_watched_at IS NOT NULL OR completed OR max_position_seconds > 0 OR position_seconds > 0 OR watched_seconds > 0 OR time_spent_seconds > 0)
    ) AS s
    UNION ALL
    SELECT NULL, l.course_id, l.lesson_id, NULL, NULL, NULL, NULL, l.weight, l.required
    FROM progress_sync.course_catalogue AS l
) AS p
GROUP BY p.course_id, p.lesson_id;
COMMENT ON VIEW progress_sync.course_lessons IS 'A row for each course and lesson: learners, completions, medians, and how far those came who did not complete it.';

CREATE OR REPLACE VIEW progress_sync.learner_totals AS
SELECT
    p.user_id,
    count(DISTINCT p.course_id) AS courses,
    count(*) AS lessons_started,
    count(*) FILTER (WHERE p.completed) AS lessons_completed,
    sum(p.spent)::float8 / 1e6::float8 AS time_spent_seconds,
    min(p.first_seen) AS first_seen,
    max(p.last_seen) AS last_seen
FROM (
    SELECT
        user_id AS user_id,
        course_id AS course_id,
        lesson_id AS lesson_id,
        completed AS completed,
        CASE WHEN completed THEN 100000000 ELSE round(least(greatest(percentage, 0), 100) * 1e6::float8)::bigint END AS done,
        max_position_seconds AS position,
        round(time_spent_seconds * 1e6::float8)::bigint AS spent,
        first_watched_at AS first_seen,
        last_watched_at AS last_seen
    FROM progress_sync.lesson_progress
    WHERE (update_count > 0 OR percentage > 0 OR last_watched_at IS NOT NULL OR completed OR max_position_seconds > 0 OR position_seconds > 0 OR watched_seconds > 0 OR time_spent_seconds > 0)
) AS p
GROUP BY p.user_id;
COMMENT ON VIEW progress_sync.learner_totals IS 'A row for each learner: sums over all courses.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (8, 'statistics', 3)
ON CONFLICT (version) DO NOTHING;
