-- Says that a sidecar is there, and returns a digest of the others of its target
-- that were seen within a minute. If that is not the known digest, also who has
-- changed or come since a time, and who is gone since; else one row without a writer.
-- All times are the server's. A change that was committed five seconds after its
-- transaction began may be missed, which the digest shows.
-- A process that was leaving stays so, since an earlier call of it may come late.
-- $1 writer, $2 owner, $3 address, $4 port, $5 fingerprints, $6 target, $7 protocol,
-- $8 leaving, $9 known count, $10 known sum, $11 since when, NULL for all that are
-- there, $12 whether to remove those not seen for a day
WITH enrolled AS (
    INSERT INTO progress_sync.sidecars AS s (writer_id, owner, address, port, fingerprints, target, protocol, leaving, hash)
    VALUES ($1::uuid, $2::uuid, $3::inet, $4::integer, $5::bytea[], $6::text, $7::integer, $8::boolean,
        hashtextextended(concat_ws(' ', $1::uuid, $2::uuid, $3::inet, $4::integer, $5::bytea[], $6::text, $7::integer), 0) >> 17)
    ON CONFLICT (writer_id) DO UPDATE
    SET owner = excluded.owner, address = excluded.address, port = excluded.port, fingerprints = excluded.fingerprints,
        target = excluded.target, protocol = excluded.protocol, hash = excluded.hash, seen_at = now(),
        leaving = excluded.leaving OR s.leaving AND s.owner = excluded.owner,
        started_at = CASE WHEN s.owner = excluded.owner THEN s.started_at ELSE now() END,
        changed_at = CASE
            WHEN s.hash = excluded.hash AND (s.leaving OR NOT excluded.leaving) AND s.seen_at > now() - interval '1 minute'
            THEN s.changed_at ELSE now() END
), removed AS (
    DELETE FROM progress_sync.sidecars
    WHERE writer_id IN (
        SELECT writer_id FROM progress_sync.sidecars
        WHERE $12::boolean AND writer_id <> $1::uuid AND seen_at < now() - interval '1 day'
        FOR UPDATE SKIP LOCKED)
), digest AS (
    SELECT count(*) AS members, coalesce(sum(hash * 2 + leaving::integer), 0)::bigint AS hash
    FROM progress_sync.sidecars
    WHERE target = $6::text AND writer_id <> $1::uuid AND seen_at > now() - interval '1 minute'
)
SELECT now(), d.members, d.hash, o.*
FROM digest AS d
LEFT JOIN LATERAL (
    SELECT s.writer_id, s.seen_at > now() - interval '1 minute' AS here, s.hash * 2 + s.leaving::integer AS hash,
           s.owner, host(s.address) AS address, s.port, s.fingerprints, s.protocol, s.leaving
    FROM progress_sync.sidecars AS s
    WHERE (d.members, d.hash) <> ($9::bigint, $10::bigint)
      AND s.target = $6::text AND s.writer_id <> $1::uuid
      AND s.seen_at > coalesce(least($11::timestamptz, now()), now()) - interval '65 seconds'
      AND CASE WHEN s.seen_at > now() - interval '1 minute'
          THEN $11::timestamptz IS NULL OR s.changed_at > $11::timestamptz - interval '5 seconds'
          ELSE $11::timestamptz IS NOT NULL END
) AS o ON true
