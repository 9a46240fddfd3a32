-- Sidecars that were built for an earlier version write as before: what they write is in no
-- day's sums.

CREATE TABLE IF NOT EXISTS progress_sync.activity_daily (
    user_id   text             NOT NULL,
    day       date             NOT NULL,
    course_id text             NOT NULL,
    target    text             NOT NULL,
    seconds   double precision NOT NULL,
    updates   bigint           NOT NULL,
    -- An erasure removes a learner's days, and so the learner goes first.
    PRIMARY KEY (user_id, day, course_id, target)
) WITH (fillfactor = 85);
-- Reports ask for days; none of these changes, so that sums are updated on their page.
CREATE INDEX IF NOT EXISTS activity_daily_day ON progress_sync.activity_daily (day, course_id);

COMMENT ON TABLE progress_sync.activity_daily IS 'What learners did in a course on a day, while database.activityDaily is on. Written in the transaction of the progress. It is never emptied but by an erasure: DELETE days that nobody asks for any more.';
COMMENT ON COLUMN progress_sync.activity_daily.day IS 'Day in UTC of the last of the updates that were written together: what was done in one interval is of one day.';
COMMENT ON COLUMN progress_sync.activity_daily.target IS 'Table that the progress is in.';
COMMENT ON COLUMN progress_sync.activity_daily.seconds IS 'Sum of watchedDelta of the updates, exact to the microsecond.';
COMMENT ON COLUMN progress_sync.activity_daily.updates IS 'How many updates there were.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (11, 'activity_daily', 3)
ON CONFLICT (version) DO NOTHING;
