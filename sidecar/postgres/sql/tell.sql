-- A part of applySQL: the events of the rows that this very batch has completed or
-- reset. The mark of such a row was set under its lock, so that of two batches which
-- complete a lesson in the same moment only the first finds its own there.
{departures}, told AS (
    INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq)
    SELECT
        progress_sync.event_id({target}, w.type, w.user_id, {course of the key}, w.lesson_id, w.occasion), 'learner', w.user_id, w.type,
        jsonb_strip_nulls(jsonb_build_object(
            'userId', w.user_id, 'courseId', w.course_id, 'lessonId', w.lesson_id, 'moduleId', w.module_id, 'generation', w.generation)
            || CASE WHEN w.type <> {reset} THEN jsonb_build_object(
                'completedAt', {completed at},
                'percentage', w.percentage, 'positionSeconds', w.position_seconds, 'durationSeconds', w.duration_seconds,
                'timeSpentSeconds', w.time_spent_seconds, 'watchedSegments', (
                    -- The runs of ones in the bits, from and to in seconds, the last up to the end.
                    SELECT jsonb_agg(jsonb_build_array((r.last - length(r.run[2])) * w.watched_step,
                            least(r.last * w.watched_step, nullif(w.duration_seconds, 0))) ORDER BY r.last)
                        FILTER (WHERE (r.last - length(r.run[2])) * w.watched_step < coalesce(nullif(w.duration_seconds, 0), 'infinity'))
                    FROM (
                        SELECT m.run, sum(length(m.run[1]) + length(m.run[2])) OVER (ORDER BY m.n) AS last
                        FROM regexp_matches(w.watched::text, '(0*)(1+)', 'g') WITH ORDINALITY AS m (run, n)
                    ) AS r))
            ELSE '{}' END{left}),
        {target}, row_number() OVER (ORDER BY w.user_id, w.course_id, w.lesson_id, w.flag DESC)
    FROM (
        SELECT w.*, k.type, k.flag, w.generation AS occasion{never left}
        FROM {written} AS w
        JOIN (VALUES (1, {completed}), (2, {reset})) AS k (flag, type) ON w.mark & k.flag <> 0
        WHERE w.mark & -4 = {batch}{departed}
    ) AS w
)
