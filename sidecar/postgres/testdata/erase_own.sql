DELETE FROM progress_sync.lesson_progress WHERE user_id = $1::text
