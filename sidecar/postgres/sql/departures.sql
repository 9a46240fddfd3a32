-- A part of applySQL: the records whose learners have left. One is bare that says nothing
-- else; it changes no row.
, departures AS (
    {rows}
)
