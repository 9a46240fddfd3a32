-- Whether there is a table for days that the role may add to, and whether it may remove from it.
SELECT coalesce(has_table_privilege(t, 'SELECT') AND has_table_privilege(t, 'INSERT') AND has_table_privilege(t, 'UPDATE'), false),
    coalesce(has_table_privilege(t, 'SELECT') AND has_table_privilege(t, 'DELETE'), false)
FROM (SELECT to_regclass('progress_sync.activity_daily')::oid AS t) AS activity
