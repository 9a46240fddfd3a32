WITH claim AS (
    UPDATE progress_sync.ledger
    SET batch_no = $4::bigint, batch_id = $6::bigint, updated_at = now()
    WHERE writer_id = $1::uuid AND lane = $2::integer AND owner = $3::uuid AND batch_no = $5::bigint
    RETURNING 1
), incoming AS (
    SELECT
        r.user_id,
        r.course_id,
        r.lesson_id,
        r.module_id,
        nullif(($11::double precision[])[r.number], 'NaN') AS position_seconds,
        ($12::double precision[])[r.number] AS max_position_seconds,
        nullif(($13::double precision[])[r.number], 'NaN') AS duration_seconds,
        ($14::double precision[])[r.number] AS percentage,
        ($15::double precision[])[r.number] AS watched_seconds,
        CASE WHEN ($17::bigint[])[r.number] > 0 THEN substring($16::bit varying
            FROM (($17::bigint[])[r.number] >> 32)::integer * 8 + 1 FOR ((($17::bigint[])[r.number] >> 16) & 65535)::integer * 8) END AS watched,
        nullif((($17::bigint[])[r.number] & 65535)::smallint, 0) AS watched_step,
        ($18::bigint[])[r.number] / 1e6::float8 AS time_spent_seconds,
        nullif(($19::double precision[])[r.number], 'NaN') AS playback_speed,
        ($20::bigint[])[r.number] AS seek_events,
        ($21::bigint[])[r.number] AS pause_events,
        ($22::bigint[])[r.number] AS update_count,
        ($23::boolean[])[r.number] AS completed,
        nullif(($24::timestamp with time zone[])[r.number], '-infinity') AS completed_at,
        nullif(($25::timestamp with time zone[])[r.number], '-infinity') AS first_watched_at,
        nullif(($26::timestamp with time zone[])[r.number], '-infinity') AS last_watched_at,
        ($27::bigint[])[r.number] AS generation,
        nullif(($28::timestamp with time zone[])[r.number], '-infinity') AS received_at,
        nullif(($30::timestamp with time zone[])[r.number], '-infinity') AS module_at,
        nullif(($31::timestamp with time zone[])[r.number], '-infinity') AS module_received_at,
        nullif(($32::timestamp with time zone[])[r.number], '-infinity') AS position_at,
        nullif(($33::timestamp with time zone[])[r.number], '-infinity') AS position_received_at,
        nullif(($34::timestamp with time zone[])[r.number], '-infinity') AS duration_at,
        nullif(($35::timestamp with time zone[])[r.number], '-infinity') AS duration_received_at,
        nullif(($36::timestamp with time zone[])[r.number], '-infinity') AS playback_speed_at,
        nullif(($37::timestamp with time zone[])[r.number], '-infinity') AS playback_speed_received_at
    FROM claim, unnest(
        $7::text[], $8::text[], $9::text[], $10::text[]
    ) WITH ORDINALITY AS r (user_id, course_id, lesson_id, module_id, number)
    WHERE NOT (($29::timestamp with time zone[])[r.number] > '-infinity' AND ($22::bigint[])[r.number] = 0 AND ($27::bigint[])[r.number] = 0) AND (
        NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
        OR NOT EXISTS (
            SELECT FROM progress_sync.erasures AS e
            WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND nullif(($28::timestamp with time zone[])[r.number], '-infinity') <= e.erased_at))
), written AS (
    INSERT INTO progress_sync.lesson_progress AS l (
        user_id, course_id, lesson_id, module_id, position_seconds, max_position_seconds, duration_seconds, percentage, watched_seconds, watched, watched_step, time_spent_seconds, playback_speed, seek_events, pause_events, update_count, completed, completed_at, first_watched_at, last_watched_at, generation, received_at, module_at, module_received_at, position_at, position_received_at, duration_at, duration_received_at, playback_speed_at, playback_speed_received_at, event_mark)
    SELECT
        i.user_id, i.course_id, i.lesson_id, i.module_id, i.position_seconds, i.max_position_seconds, i.duration_seconds, i.percentage, i.watched_seconds, i.watched, i.watched_step, i.time_spent_seconds, i.playback_speed, i.seek_events, i.pause_events, i.update_count, i.completed, i.completed_at, i.first_watched_at, i.last_watched_at, i.generation, i.received_at, i.module_at, i.module_received_at, i.position_at, i.position_received_at, i.duration_at, i.duration_received_at, i.playback_speed_at, i.playback_speed_received_at,
        CASE WHEN i.completed::integer
            + 2 * (i.generation > 0)::integer > 0
            THEN (hashtextextended($1::uuid::text || '/' || $2::integer::text || '/' || $4::bigint::text, 0) & -4) | (i.completed::integer
            + 2 * (i.generation > 0)::integer) ELSE NULL END
    FROM incoming AS i
    ORDER BY i.user_id COLLATE "C", i.course_id COLLATE "C", i.lesson_id COLLATE "C"
    ON CONFLICT (user_id, course_id, lesson_id) DO UPDATE SET
        module_id = CASE WHEN excluded.generation > l.generation THEN excluded.module_id
            WHEN excluded.module_at IS NULL THEN l.module_id
            WHEN (excluded.module_at, excluded.module_received_at, excluded.module_id)
              <= (l.module_at, l.module_received_at, l.module_id) THEN l.module_id
            ELSE excluded.module_id END,
        position_seconds = CASE WHEN excluded.generation > l.generation THEN excluded.position_seconds
            WHEN excluded.position_at IS NULL THEN l.position_seconds
            WHEN (excluded.position_at, excluded.position_received_at, excluded.position_seconds)
              <= (l.position_at, l.position_received_at, l.position_seconds) THEN l.position_seconds
            ELSE excluded.position_seconds END,
        max_position_seconds = CASE WHEN excluded.generation > l.generation THEN excluded.max_position_seconds
            ELSE greatest(l.max_position_seconds, excluded.max_position_seconds) END,
        duration_seconds = CASE WHEN excluded.generation > l.generation THEN excluded.duration_seconds
            WHEN excluded.duration_at IS NULL THEN l.duration_seconds
            WHEN (excluded.duration_at, excluded.duration_received_at, excluded.duration_seconds)
              <= (l.duration_at, l.duration_received_at, l.duration_seconds) THEN l.duration_seconds
            ELSE excluded.duration_seconds END,
        percentage = CASE WHEN excluded.generation > l.generation THEN excluded.percentage
            ELSE greatest(l.percentage, excluded.percentage) END,
        watched_seconds = CASE WHEN excluded.generation > l.generation THEN excluded.watched_seconds
            ELSE greatest(l.watched_seconds, excluded.watched_seconds) END,
        watched = CASE WHEN excluded.generation > l.generation THEN excluded.watched
            WHEN excluded.watched IS NULL THEN l.watched
            WHEN l.watched IS NULL THEN excluded.watched
            WHEN l.watched_step = excluded.watched_step THEN substring(l.watched::bit(1024) | excluded.watched::bit(1024)
                FROM 1 FOR greatest(length(l.watched), length(excluded.watched)))::bit varying
            ELSE progress_sync.joined_segments(l.watched, l.watched_step, excluded.watched, excluded.watched_step) END,
        watched_step = CASE WHEN excluded.generation > l.generation THEN excluded.watched_step
            ELSE greatest(l.watched_step, excluded.watched_step) END,
        time_spent_seconds = CASE WHEN excluded.generation > l.generation THEN excluded.time_spent_seconds
            ELSE round(l.time_spent_seconds * 1e6::float8 + excluded.time_spent_seconds * 1e6::float8) / 1e6::float8 END,
        playback_speed = CASE WHEN excluded.generation > l.generation THEN excluded.playback_speed
            WHEN excluded.playback_speed_at IS NULL THEN l.playback_speed
            WHEN (excluded.playback_speed_at, excluded.playback_speed_received_at, excluded.playback_speed)
              <= (l.playback_speed_at, l.playback_speed_received_at, l.playback_speed) THEN l.playback_speed
            ELSE excluded.playback_speed END,
        seek_events = CASE WHEN excluded.generation > l.generation THEN excluded.seek_events
            ELSE l.seek_events + excluded.seek_events END,
        pause_events = CASE WHEN excluded.generation > l.generation THEN excluded.pause_events
            ELSE l.pause_events + excluded.pause_events END,
        update_count = CASE WHEN excluded.generation > l.generation THEN excluded.update_count
            ELSE l.update_count + excluded.update_count END,
        completed = CASE WHEN excluded.generation > l.generation THEN excluded.completed
            ELSE l.completed OR excluded.completed END,
        completed_at = CASE WHEN excluded.generation > l.generation THEN excluded.completed_at
            ELSE least(l.completed_at, excluded.completed_at) END,
        first_watched_at = CASE WHEN excluded.generation > l.generation THEN excluded.first_watched_at
            ELSE least(l.first_watched_at, excluded.first_watched_at) END,
        last_watched_at = CASE WHEN excluded.generation > l.generation THEN excluded.last_watched_at
            ELSE greatest(l.last_watched_at, excluded.last_watched_at) END,
        generation = greatest(l.generation, excluded.generation),
        received_at = CASE WHEN excluded.generation > l.generation THEN excluded.received_at
            ELSE greatest(l.received_at, excluded.received_at) END,
        module_at = CASE WHEN excluded.generation > l.generation THEN excluded.module_at
            ELSE greatest(l.module_at, excluded.module_at) END,
        module_received_at = CASE WHEN excluded.generation > l.generation THEN excluded.module_received_at
            WHEN excluded.module_at > l.module_at THEN excluded.module_received_at
            WHEN excluded.module_at < l.module_at THEN l.module_received_at
            ELSE greatest(l.module_received_at, excluded.module_received_at) END,
        position_at = CASE WHEN excluded.generation > l.generation THEN excluded.position_at
            ELSE greatest(l.position_at, excluded.position_at) END,
        position_received_at = CASE WHEN excluded.generation > l.generation THEN excluded.position_received_at
            WHEN excluded.position_at > l.position_at THEN excluded.position_received_at
            WHEN excluded.position_at < l.position_at THEN l.position_received_at
            ELSE greatest(l.position_received_at, excluded.position_received_at) END,
        duration_at = CASE WHEN excluded.generation > l.generation THEN excluded.duration_at
            ELSE greatest(l.duration_at, excluded.duration_at) END,
        duration_received_at = CASE WHEN excluded.generation > l.generation THEN excluded.duration_received_at
            WHEN excluded.duration_at > l.duration_at THEN excluded.duration_received_at
            WHEN excluded.duration_at < l.duration_at THEN l.duration_received_at
            ELSE greatest(l.duration_received_at, excluded.duration_received_at) END,
        playback_speed_at = CASE WHEN excluded.generation > l.generation THEN excluded.playback_speed_at
            ELSE greatest(l.playback_speed_at, excluded.playback_speed_at) END,
        playback_speed_received_at = CASE WHEN excluded.generation > l.generation THEN excluded.playback_speed_received_at
            WHEN excluded.playback_speed_at > l.playback_speed_at THEN excluded.playback_speed_received_at
            WHEN excluded.playback_speed_at < l.playback_speed_at THEN l.playback_speed_received_at
            ELSE greatest(l.playback_speed_received_at, excluded.playback_speed_received_at) END,
        event_mark = CASE WHEN ((CASE WHEN excluded.generation > l.generation THEN excluded.completed
            ELSE l.completed OR excluded.completed END) AND (excluded.generation > l.generation OR NOT l.completed))::integer
            + 2 * (excluded.generation > l.generation)::integer > 0
            THEN (hashtextextended($1::uuid::text || '/' || $2::integer::text || '/' || $4::bigint::text, 0) & -4) | (((CASE WHEN excluded.generation > l.generation THEN excluded.completed
            ELSE l.completed OR excluded.completed END) AND (excluded.generation > l.generation OR NOT l.completed))::integer
            + 2 * (excluded.generation > l.generation)::integer) ELSE l.event_mark END
    WHERE excluded.generation > l.generation
       OR (excluded.update_count > 0 OR excluded.received_at > l.received_at)
          AND (excluded.generation = l.generation
               OR excluded.received_at > timestamptz 'epoch' + l.generation * interval '1 microsecond')
    RETURNING l.event_mark AS mark,
        l.user_id AS user_id,
        l.course_id AS course_id,
        l.lesson_id AS lesson_id,
        l.module_id AS module_id,
        coalesce(l.generation, 0) AS generation,
        l.completed_at AS completed_at,
        l.percentage AS percentage,
        l.position_seconds AS position_seconds,
        l.duration_seconds AS duration_seconds,
        l.time_spent_seconds AS time_spent_seconds,
        l.watched AS watched,
        l.watched_step AS watched_step
), told AS (
    INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq)
    SELECT
        progress_sync.event_id('progress_sync.lesson_progress', w.type, w.user_id, w.course_id, w.lesson_id, w.occasion), 'learner', w.user_id, w.type,
        jsonb_strip_nulls(jsonb_build_object(
            'userId', w.user_id, 'courseId', w.course_id, 'lessonId', w.lesson_id, 'moduleId', w.module_id, 'generation', w.generation)
            || CASE WHEN w.type <> 'dev.progresssync.lesson.reset' THEN jsonb_build_object(
                'completedAt', to_char(w.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'percentage', w.percentage, 'positionSeconds', w.position_seconds, 'durationSeconds', w.duration_seconds,
                'timeSpentSeconds', w.time_spent_seconds, 'watchedSegments', (
                    SELECT jsonb_agg(jsonb_build_array((r.last - length(r.run[2])) * w.watched_step,
                            least(r.last * w.watched_step, nullif(w.duration_seconds, 0))) ORDER BY r.last)
                        FILTER (WHERE (r.last - length(r.run[2])) * w.watched_step < coalesce(nullif(w.duration_seconds, 0), 'infinity'))
                    FROM (
                        SELECT m.run, sum(length(m.run[1]) + length(m.run[2])) OVER (ORDER BY m.n) AS last
                        FROM regexp_matches(w.watched::text, '(0*)(1+)', 'g') WITH ORDINALITY AS m (run, n)
                    ) AS r))
            ELSE '{}' END),
        'progress_sync.lesson_progress', row_number() OVER (ORDER BY w.user_id, w.course_id, w.lesson_id, w.flag DESC)
    FROM (
        SELECT w.*, k.type, k.flag, w.generation AS occasion
        FROM written AS w
        JOIN (VALUES (1, 'dev.progresssync.lesson.completed'), (2, 'dev.progresssync.lesson.reset')) AS k (flag, type) ON w.mark & k.flag <> 0
        WHERE w.mark & -4 = hashtextextended($1::uuid::text || '/' || $2::integer::text || '/' || $4::bigint::text, 0) & -4
    ) AS w
)
SELECT (SELECT count(*) FROM claim), (SELECT count(*) FROM written),
    CASE WHEN (SELECT count(*) FROM written) < cardinality($7::text[]) AND (SELECT count(*) FROM written) < (
        SELECT count(*) FROM (
    SELECT
        r.user_id,
        r.course_id,
        r.lesson_id,
        ($22::bigint[])[r.number] AS update_count,
        nullif(($26::timestamp with time zone[])[r.number], '-infinity') AS last_watched_at,
        ($27::bigint[])[r.number] AS generation,
        nullif(($28::timestamp with time zone[])[r.number], '-infinity') AS received_at
    FROM claim, unnest(
        $7::text[], $8::text[], $9::text[], $10::text[]
    ) WITH ORDINALITY AS r (user_id, course_id, lesson_id, module_id, number)
    WHERE NOT (($29::timestamp with time zone[])[r.number] > '-infinity' AND ($22::bigint[])[r.number] = 0 AND ($27::bigint[])[r.number] = 0) AND (
        NOT (SELECT EXISTS (SELECT FROM progress_sync.erasures))
        OR NOT EXISTS (
            SELECT FROM progress_sync.erasures AS e
            WHERE e.user_hash = sha256(convert_to(r.user_id, 'UTF8')) AND nullif(($28::timestamp with time zone[])[r.number], '-infinity') <= e.erased_at))) AS excluded LEFT JOIN progress_sync.lesson_progress AS l ON l.user_id = excluded.user_id AND l.course_id = excluded.course_id AND l.lesson_id = excluded.lesson_id
        WHERE l.user_id IS NULL OR (excluded.generation > l.generation
       OR (excluded.update_count > 0 OR excluded.received_at > l.received_at)
          AND (excluded.generation = l.generation
               OR excluded.received_at > timestamptz 'epoch' + l.generation * interval '1 microsecond')))
        THEN width_bucket(0::float8, 0, 1, (SELECT count(*)::integer FROM claim WHERE false)) END
