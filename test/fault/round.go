package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/fault/learner"
	"github.com/progress-sync/progress-sync/test/fault/world"
	"github.com/progress-sync/progress-sync/test/truth"
)

const (
	senders   = 10
	perSecond = 5000
)

// round is a stretch of faults under load with an account of its own, so that
// memory stays bounded in a long run.
type round struct {
	suite  *suite
	number int
	course string
	load   *learner.Load
}

func (s *suite) newRound(number int) *round {
	course := fmt.Sprintf("course %d", number)
	addresses := make([]string, 0, len(s.world.Sidecars))
	for _, sidecar := range s.world.Sidecars {
		addresses = append(addresses, sidecar.API)
	}
	return &round{suite: s, number: number, course: course, load: learner.Start(learner.Options{
		Addresses: addresses, Seed: s.options.Seed + uint64(number), Course: course, Senders: senders, PerSecond: perSecond,
	})}
}

// run injects faults for so long, then lets everything be saved and compares.
func (r *round) run(ctx context.Context, long time.Duration) error {
	faulty, end := context.WithTimeout(ctx, long)
	defer end()
	group, faulty := errgroup.WithContext(faulty)
	for _, schedule := range r.suite.schedules {
		group.Go(func() error { return schedule.run(faulty, r.suite.world, r.suite.tally) })
	}
	err := group.Wait()
	account, wrongAnswer := r.load.Finish()
	if err != nil {
		return fmt.Errorf("injecting a fault: %w", err)
	}
	r.suite.tally.found(wrongAnswer)
	if err := r.settle(ctx); err != nil {
		return err
	}
	return r.compare(ctx, account)
}

// settle returns when all that was accepted is saved. A new batch of every lane
// makes the sidecars look at the ledger, in case a failover was the last thing
// to happen.
func (r *round) settle(ctx context.Context) error {
	for i, sidecar := range r.suite.world.Sidecars {
		if err := sidecar.Await(ctx); err != nil {
			return err
		}
		marking, cancel := context.WithTimeout(ctx, settlePatience)
		err := r.load.Mark(marking, i, r.number)
		cancel()
		if err != nil {
			return fmt.Errorf("after the faults: %w", err)
		}
		if err := sidecar.Sync(ctx); err != nil {
			return fmt.Errorf("after the faults: %w", err)
		}
	}
	return nil
}

const settlePatience = time.Minute

// compare holds the account against the rows of this round, and the rows of
// earlier rounds against what they were.
func (r *round) compare(ctx context.Context, account *truth.Account) error {
	conn, err := r.suite.world.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := truth.ReadRows(ctx, conn)
	if err != nil {
		return err
	}
	var mine []truth.Row
	earlier := maps.Clone(r.suite.saved)
	for _, row := range rows {
		before, known := earlier[row.Key]
		delete(earlier, row.Key)
		switch {
		case row.CourseID == r.course:
			mine = append(mine, row)
		case !known:
			r.suite.tally.found(fmt.Errorf("a row of another round appeared: %v", row.Key))
		case row != before:
			r.suite.tally.found(fmt.Errorf("a row of an earlier round changed: %+v was %+v", row, before))
		}
	}
	if len(earlier) > 0 {
		r.suite.tally.found(fmt.Errorf("%d rows of earlier rounds are gone", len(earlier)))
	}
	for _, row := range mine {
		r.suite.saved[row.Key] = row
	}
	report := account.Verify(mine, truth.Options{CompletionThresholdPercent: world.CompletionThresholdPercent})
	r.suite.tally.compared(report, r.load)
	return nil
}

func (r *round) say(out io.Writer, began time.Time) {
	t := r.suite.tally
	_, _ = fmt.Fprintf(out, "%6s  round %d: %d faults, %d updates acknowledged, %d keys compared, %d lost, %d doubled, %d wrong so far\n",
		time.Since(began).Round(time.Second), r.number, t.faults(), t.acknowledged, t.keys, t.lost, t.doubled, t.wrong)
}
