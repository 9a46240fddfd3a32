-- Names this server's life, which ends with a failover or a crash: the next one may use
-- numbers of transactions again that this one has used.
left(encode(sha256(convert_to(concat_ws(' ', (SELECT system_identifier FROM pg_control_system()),
    left(pg_walfile_name(pg_current_wal_lsn()), 8),
    (SELECT extract(epoch FROM stats_reset) FROM pg_stat_bgwriter)), 'UTF8')), 'hex'), 16)
