-- $1 receiver, $2 how many lanes
INSERT INTO progress_sync.deliveries (receiver, lane)
SELECT $1::text, n FROM generate_series(0, $2::integer - 1) AS n
ON CONFLICT DO NOTHING
