-- Removes the events of a learner who is erased and, if asked to, tells of the erasure:
-- once for all sidecars that carry it out one after the other, and again where rows had
-- come meanwhile.
-- $1 learner, $2 target, $3 rows that are gone, $4 erased at, $5 the same in microseconds
-- since 1970, $6 whether to tell, $7 the type of the event
WITH removed AS (
    DELETE FROM progress_sync.outbox
    WHERE aggregateid = $1::text AND target = $2::text AND (type <> $7::text OR $6::boolean AND $3::bigint > 0)
)
INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq)
SELECT progress_sync.event_id($2::text, $7::text, $1::text, NULL, NULL, $5::bigint), 'learner', $1::text, $7::text,
    jsonb_build_object('userId', $1::text, 'erasedAt', to_char($4::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), $2::text, 1
WHERE $6::boolean AND ($3::bigint > 0 OR NOT EXISTS (
    SELECT FROM progress_sync.outbox WHERE aggregateid = $1::text AND target = $2::text AND type = $7::text))
