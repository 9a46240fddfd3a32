package buffer_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// Updates come in, are merged, and go out as batches with numbers, each to be
// written to the database once.
func Example() {
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b, err := buffer.Open(buffer.Options{
		Dir: dir, Policy: buffer.Policy{Terms: timing.Only(timing.Terms{Interval: 3 * time.Minute}, time.Second), ReplayWindow: 10 * time.Minute},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = b.Close() }()

	lesson := progress.Key{UserID: "ada", CourseID: "algebra", LessonID: "rings"}
	for second := range 3 {
		_, err := b.Put(context.Background(), []progress.Update{{
			Key: lesson, CurrentTime: progress.Some(float64(5 * second)), PauseEvents: 1,
		}})
		if err != nil {
			fmt.Println(err)
			return
		}
	}

	b.MakeDue(buffer.Filter{UserID: "ada"}) // or wait for three minutes
	for lane := range b.Lanes() {
		batches, err := b.FreezeRound(lane, time.Now(), 10, 1)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, batch := range batches {
			r := batch.Records[0]
			fmt.Printf("batch %d: %s of %s at second %v, %d pauses in %d updates\n",
				batch.Number, r.LessonID, r.UserID, r.Position, r.PauseEvents, r.UpdateCount)
			// Once the database has it, together with its number:
			if err := b.ConfirmThrough(lane, batch.Number); err != nil {
				fmt.Println(err)
				return
			}
		}
	}
	fmt.Println("not saved:", b.Stats().PendingUpdates)
	// Output:
	// batch 1: rings of ada at second 10, 3 pauses in 3 updates
	// not saved: 0
}
