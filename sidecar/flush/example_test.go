package flush_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// table stands for a *postgres.Database: ledger rows and the learners' records, which
// a batch changes both or neither.
type table struct {
	mu     sync.Mutex
	ledger map[int]postgres.LedgerRow
	rows   map[progress.Key]progress.Record
}

func (t *table) Claim(_ context.Context, _, _ string, lanes int, approve func([]postgres.Claimed) error) ([]postgres.Claimed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	claimed := make([]postgres.Claimed, lanes)
	for lane := range claimed {
		row := t.ledger[lane]
		claimed[lane] = postgres.Claimed{Number: row.Number, BatchID: row.BatchID, Claims: row.Claims + 1, Existed: row.Exists}
		t.ledger[lane] = postgres.LedgerRow{Exists: true, Ours: true, Number: row.Number, BatchID: row.BatchID, Claims: row.Claims + 1}
	}
	return claimed, approve(claimed)
}

func (t *table) RenewLedger(_ context.Context, _, _ string, lanes int) ([]postgres.LedgerRow, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := make([]postgres.LedgerRow, lanes)
	for lane := range rows {
		rows[lane] = t.ledger[lane]
	}
	return rows, nil
}

func (t *table) ApplyRound(_ context.Context, _, _ string, prev uint64, batches []progress.Batch) ([]postgres.Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var results []postgres.Result
	for _, b := range batches {
		row := t.ledger[b.Lane]
		if row.Number != prev {
			return append(results, postgres.Result{Outcome: postgres.Rewound, LedgerNumber: row.Number}), nil
		}
		for _, r := range b.Records {
			t.rows[r.Key] = progress.Merge(t.rows[r.Key], r)
		}
		row.Number, row.BatchID = b.Number, b.ID
		t.ledger[b.Lane], prev = row, b.Number
		results = append(results, postgres.Result{Outcome: postgres.Applied, LedgerNumber: b.Number, Rows: int64(len(b.Records))})
	}
	return results, nil
}

func (t *table) MoveLedger(_ context.Context, _, _ string, lane int, number uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	row := t.ledger[lane]
	row.Number, row.BatchID = number, 0
	t.ledger[lane] = row
	return nil
}

func (t *table) Erase(context.Context, string, time.Time) (postgres.Erased, error) {
	return postgres.Erased{}, nil
}

func (t *table) Ping(context.Context) error { return nil }

// printer tells what was saved.
type printer struct{}

func (printer) BatchSaved(b progress.Batch, rows int64, _ time.Time) {
	fmt.Printf("saved a batch of %d record: %d row\n", len(b.Records), rows)
}
func (printer) BatchReplayed(progress.Batch, int64)               {}
func (printer) BatchQuarantined(progress.Batch, postgres.Failure) {}
func (printer) BatchSplit(progress.Batch, postgres.Failure)       {}
func (printer) Rewound(flush.Rewind)                              {}
func (printer) Attempted(time.Duration, *postgres.Failure)        {}
func (printer) AttemptFailed(postgres.Failure)                    {}
func (printer) Retried()                                          {}
func (printer) ConditionChanged(flush.Condition)                  {}
func (printer) ErasuresRefused(int, *postgres.Failure)            {}

// Three heartbeats of a learner in one lesson become one row, which is written when
// somebody asks for it and not three minutes later.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	spool, err := buffer.Open(buffer.Options{Dir: dir, Policy: buffer.Policy{
		Terms: timing.Only(timing.Terms{Interval: 3 * time.Minute}, 0), MaxPendingRecords: 1000, ReplayWindow: 10 * time.Minute,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer spool.Close()
	db := &table{ledger: map[int]postgres.LedgerRow{}, rows: map[progress.Key]progress.Record{}}
	f := flush.New(flush.Options{
		Buffer: spool, Database: db, Observer: printer{},
		Policy: flush.Policy{BatchSize: 100, MaxRetries: 3, InitialDelay: time.Second, MaxDelay: time.Minute, Interval: 3 * time.Minute},
	})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- f.Run(running) }()

	lesson := progress.Key{UserID: "ada", CourseID: "algebra", LessonID: "7"}
	for range 3 {
		heartbeat := progress.Update{Key: lesson, WatchedDelta: progress.Some(5)}
		if _, err := spool.Put(ctx, []progress.Update{heartbeat}); err != nil {
			fmt.Println(err)
		}
	}
	if err := f.Sync(ctx, buffer.Filter{UserID: "ada"}); err != nil {
		fmt.Println(err)
	}
	stop()
	fmt.Println(<-ended)
	fmt.Printf("%d updates, %d s watched\n", db.rows[lesson].UpdateCount, db.rows[lesson].TimeSpent/1_000_000)
	// Output:
	// saved a batch of 1 record: 1 row
	// <nil>
	// 3 updates, 15 s watched
}
