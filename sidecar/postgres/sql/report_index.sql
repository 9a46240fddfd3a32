-- Whether the index for the statistics of a course can be used; null if there is none.
SELECT (SELECT i.indisvalid FROM pg_catalog.pg_index i WHERE i.indexrelid = to_regclass('progress_sync.lesson_progress_course'))
