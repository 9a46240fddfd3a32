-- Two who tell the lessons of one course at once take turns, or the result would be
-- the lessons of both.
-- $1 course
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('progress_sync.course_catalogue ' || $1, 0))
