-- The next events of a lane, and as the last row where a look at so many events has
-- come to. Nothing is read that could still get an event before it.
-- $1 to $3 cursor, $4 target, $5 types, NULL for all, $6 lane, $7 events to look at,
-- $8 events to return, $9 the server's life that the cursor is of: in another one nothing
-- is read
WITH ahead AS MATERIALIZED (
    SELECT o.xid, o.seq, o.id, o.type, o.aggregateid, o.created_at, o.payload,
           o.target = $4::text AND ($5::text[] IS NULL OR o.type = ANY ($5::text[]))
               AND hashtextextended(o.aggregateid, 0) & 3 = $6::integer AS wanted
    FROM progress_sync.outbox AS o
    WHERE (o.xid, o.seq, o.id) > ($1::text::xid8, $2::integer, $3::uuid)
      AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
      AND $9::text = {life}
    ORDER BY o.xid, o.seq, o.id
    LIMIT $7::integer
)
(SELECT true AS event, xid::text, seq, id, type, aggregateid, created_at, payload, 0::bigint AS looked_at
 FROM ahead WHERE wanted
 ORDER BY ahead.xid, seq, id LIMIT $8::integer)
UNION ALL
(SELECT false, xid::text, seq, id, NULL, NULL, NULL, NULL, (SELECT count(*) FROM ahead)
 FROM ahead
 ORDER BY ahead.xid DESC, seq DESC, id DESC LIMIT 1)
