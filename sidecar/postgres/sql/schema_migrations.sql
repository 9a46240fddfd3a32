SELECT coalesce(max(version), 0), coalesce(max(oldest_program), 0)
FROM progress_sync.schema_migrations
