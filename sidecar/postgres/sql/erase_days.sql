-- Removes the days of a learner who is erased.
-- $1 learner, $2 target
DELETE FROM progress_sync.activity_daily WHERE user_id = $1::text AND target = $2::text
