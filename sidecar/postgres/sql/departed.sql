UNION ALL
        -- Where nothing but the departure is new, the row is read. That a learner has left is
        -- told once for the last that they did.
        SELECT w.*, {left}, 0, {occasion}, d."left at"
        FROM departures AS d JOIN (
            SELECT * FROM {written} AS w
            UNION ALL
            SELECT {returned}
            FROM {table} AS l WHERE ({key of l}) IN (SELECT {key of d} FROM departures AS d WHERE d.bare)
        ) AS w ON {w is d}
        WHERE NOT d.bare OR NOT EXISTS (
            SELECT FROM progress_sync.outbox AS o
            WHERE o.aggregateid = w.user_id
              AND o.id = progress_sync.event_id({target}, {left}, w.user_id, {course of the key}, w.lesson_id, {occasion}))
