package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/fault/learner"
	"github.com/progress-sync/progress-sync/test/fault/world"
	"github.com/progress-sync/progress-sync/test/truth"
)

// Of each table.
const (
	senders   = 10
	perSecond = 2500
)

// round is a stretch of faults under load with accounts of its own, so that
// memory stays bounded in a long run.
type round struct {
	suite  *suite
	number int
	course string
	// loads by the tables that they reach.
	loads map[string]*learner.Load
}

func (s *suite) newRound(number int) *round {
	r := &round{suite: s, number: number, course: fmt.Sprintf("course %d", number), loads: map[string]*learner.Load{}}
	for i, table := range world.Tables() {
		var services [][]string
		for _, members := range s.world.Services(table) {
			services = append(services, addresses(members))
		}
		seed := s.options.Seed + uint64(number*len(world.Tables())+i)
		r.loads[table] = learner.Start(learner.Options{
			Services: services, Seed: seed, Course: r.course, Senders: senders, PerSecond: perSecond, Trace: s.trace,
		})
	}
	return r
}

func addresses(of []*world.Sidecar) (addresses []string) {
	for _, sidecar := range of {
		addresses = append(addresses, sidecar.API())
	}
	return addresses
}

// acknowledged is the least that was of the loads.
func (r *round) acknowledged() int64 {
	least := int64(-1)
	for _, load := range r.loads {
		if n := load.Acknowledged(); least < 0 || n < least {
			least = n
		}
	}
	return least
}

func (r *round) finish() (map[string]*truth.Account, error) {
	accounts := map[string]*truth.Account{}
	var wrong error
	for table, load := range r.loads {
		account, err := load.Finish()
		accounts[table], wrong = account, errors.Join(wrong, err)
	}
	return accounts, wrong
}

// run injects faults for so long, then lets everything be saved and compares.
func (r *round) run(ctx context.Context, long time.Duration) error {
	faulty, end := context.WithTimeout(ctx, long)
	defer end()
	group, faulty := errgroup.WithContext(faulty)
	for _, schedule := range r.suite.schedules {
		group.Go(func() error { return schedule.run(faulty, r.suite.world, r.suite.tally) })
	}
	for _, feed := range r.suite.feeds {
		group.Go(func() error { return feed.follow(faulty) })
	}
	err := group.Wait()
	accounts, wrongAnswer := r.finish()
	if err != nil {
		return fmt.Errorf("injecting a fault: %w", err)
	}
	r.suite.tally.found(wrongAnswer)
	for _, table := range world.Tables() {
		if err := r.waitSaved(ctx, table); err != nil {
			return err
		}
		if err := r.compare(ctx, table, accounts[table]); err != nil {
			return err
		}
		if err := r.compareEvents(ctx, table); err != nil {
			return err
		}
	}
	return r.comparePushed(ctx)
}

// waitSaved returns when all that was accepted is saved. A new batch of every lane
// makes the sidecars read the ledger, in case a failover was the last thing
// to happen. What a fault made the table refuse is tried again, and what has waited for
// its home at one sidecar may come to another one by that.
func (r *round) waitSaved(ctx context.Context, table string) error {
	for service, members := range r.suite.world.Services(table) {
		for _, sidecar := range members {
			if err := sidecar.Await(ctx); err != nil {
				return err
			}
		}
		reaching, cancel := context.WithTimeout(ctx, savePatience)
		err := r.loads[table].ReachLanes(reaching, service)
		cancel()
		if err != nil {
			return fmt.Errorf("after the faults: %w", err)
		}
		for _, do := range []func(*world.Sidecar, context.Context) error{
			(*world.Sidecar).Sync, (*world.Sidecar).Replay, (*world.Sidecar).Sync, (*world.Sidecar).Sync,
		} {
			for _, sidecar := range members {
				if err := do(sidecar, ctx); err != nil {
					return fmt.Errorf("after the faults: %w", err)
				}
			}
		}
	}
	return nil
}

const savePatience = time.Minute

// rowOf is a row among those of all tables.
type rowOf struct {
	table string
	truth.Key
}

// compare holds an account against the rows of this round, and the rows of
// earlier rounds against what they were.
func (r *round) compare(ctx context.Context, table string, account *truth.Account) error {
	conn, err := r.suite.world.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := truth.ReadRows(ctx, conn, table)
	if err != nil {
		return err
	}
	var mine []truth.Row
	earlier := maps.Clone(r.suite.saved)
	maps.DeleteFunc(earlier, func(row rowOf, _ truth.Row) bool { return row.table != table })
	for _, row := range rows {
		before, known := earlier[rowOf{table, row.Key}]
		delete(earlier, rowOf{table, row.Key})
		switch {
		case row.CourseID == r.course:
			mine = append(mine, row)
		case !known:
			r.suite.tally.found(fmt.Errorf("a row of another round appeared in %s: %v", table, row.Key))
		case row != before:
			r.suite.tally.found(fmt.Errorf("a row of an earlier round changed in %s: %+v was %+v", table, row, before))
		}
	}
	if len(earlier) > 0 {
		r.suite.tally.found(fmt.Errorf("%d rows of earlier rounds are gone from %s", len(earlier), table))
	}
	for _, row := range mine {
		r.suite.saved[rowOf{table, row.Key}] = row
	}
	report := account.Verify(mine, truth.Options{CompletionThresholdPercent: world.CompletionThresholdPercent})
	r.suite.tally.compared(table, report, r.loads[table])
	return r.compareViews(ctx, conn, table, rows)
}

// compareViews holds what the views and the days of learners say against the rows, which were
// held against the account. Every second lesson of this round is in a catalogue, and one that nobody has
// begun.
func (r *round) compareViews(ctx context.Context, conn *pgx.Conn, table string, rows []truth.Row) error {
	if _, err := conn.Exec(ctx, `INSERT INTO progress_sync.course_catalogue (course_id, lesson_id, weight, required)
		SELECT $1, lesson_id, 1 + n % 3, n % 4 > 0
		FROM (SELECT lesson_id, row_number() OVER (ORDER BY lesson_id) AS n FROM (
			SELECT DISTINCT lesson_id FROM `+table+` WHERE course_id = $1 UNION SELECT 'begun by nobody') AS l) AS numbered
		WHERE n % 2 = 1 ON CONFLICT DO NOTHING`, r.course); err != nil {
		return fmt.Errorf("filling the catalogue: %w", err)
	}
	found, err := truth.VerifyViews(ctx, conn, world.Views(table), rows)
	if err != nil {
		return err
	}
	r.suite.tally.viewed(found)
	days, err := truth.VerifyDays(ctx, conn, table, rows)
	if err != nil {
		return err
	}
	r.suite.tally.addedUp(days)
	return nil
}

// compareEvents holds the events of all rounds against the rows.
func (r *round) compareEvents(ctx context.Context, table string) error {
	feed := r.suite.feeds[table]
	if err := feed.drain(ctx); err != nil {
		return err
	}
	conn, err := r.suite.world.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	events, again, wrong := feed.told(ctx, conn)
	r.suite.tally.told(table, events, again)
	r.suite.tally.found(wrong)
	return nil
}

// comparePushed holds what the receiver of events has taken against those of all rounds.
func (r *round) comparePushed(ctx context.Context) error {
	conn, err := r.suite.world.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	p, err := newPushed(ctx, conn, r.suite.world)
	if err != nil {
		return err
	}
	r.suite.tally.found(p.settled(ctx))
	if err := p.redelivered(ctx); err != nil {
		return err
	}
	r.suite.tally.pushed(p.figures())
	return nil
}

func (r *round) say(out io.Writer, began time.Time) {
	t := r.suite.tally
	_, _ = fmt.Fprintf(out, "%6s  round %d: %d faults, %d updates acknowledged, %d keys compared, %d lost, %d doubled, %d wrong so far\n",
		time.Since(began).Round(time.Second), r.number, t.faults(), t.acknowledged, t.keys, t.lost, t.doubled, t.wrong)
}
