-- Whether there is an outbox whose rows the role may remove.
SELECT coalesce(has_table_privilege(o, 'SELECT') AND has_table_privilege(o, 'DELETE'), false)
FROM (SELECT to_regclass('progress_sync.outbox')::oid AS o) AS outbox
