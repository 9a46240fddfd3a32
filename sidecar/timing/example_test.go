package timing_test

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// A short lesson is written each minute, all others each three.
func Example() {
	c := config.Default()
	minute := config.Duration(time.Minute)
	c.Sync.Classes = []config.Class{
		{Name: "short", Match: config.ClassMatch{MaxDuration: 5 * minute}, Interval: &minute},
	}
	table := timing.New(c, 0)

	u := progress.Update{Duration: progress.Some(240)}
	r := u.Record(1, 95)
	fmt.Println(table.Of(&r).Class, table.Of(&r).Interval)
	fmt.Println(table.Of(&progress.Record{}).Class, table.Of(&progress.Record{}).Interval)
	// Output:
	// short 1m0s
	// default 3m0s
}
