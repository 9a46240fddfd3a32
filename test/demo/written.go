package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// written is what Postgres itself counts.
type written struct {
	rows, transactions int64
}

// countWritten asks how many rows were inserted or updated, and how many
// batches the ledger has seen, which is a transaction each.
func countWritten(ctx context.Context, conn *pgx.Conn) (written, error) {
	var w written
	err := conn.QueryRow(ctx, `
SELECT coalesce((SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables
                 WHERE schemaname = 'progress_sync' AND relname = 'lesson_progress'), 0),
       (SELECT coalesce(sum(batch_no), 0)::bigint FROM progress_sync.ledger)`).Scan(&w.rows, &w.transactions)
	if err != nil {
		return w, fmt.Errorf("asking Postgres what was written: %w", err)
	}
	return w, nil
}
