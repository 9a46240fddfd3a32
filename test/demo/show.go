package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/kit/wait"
	"github.com/progress-sync/progress-sync/test/truth"
)

// show is the whole demo.
func show(ctx context.Context, o cluster.Options, p plan, lines *screen) (err error) {
	begin := time.Now()
	s := &stage{account: truth.NewAccount()}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.setUp(ctx, o, p, lines); err != nil {
		return err
	}
	lines.say("everything stands after %.1f s\n", time.Since(begin).Seconds())

	result, err := s.perform(ctx, p, lines)
	if err != nil {
		return fmt.Errorf("%w\nwhat runs can be looked at: export KUBECONFIG=%s; `make demo-down` removes it", err, s.cluster.Kubeconfig())
	}
	lines.say("\n%s", result.table())
	lines.say("%s", s.whatRuns())
	lines.say("the demo took %.0f s", time.Since(begin).Seconds())
	return result.err()
}

// perform lets the learners watch, waits until all is saved, and compares.
func (s *stage) perform(ctx context.Context, p plan, lines *screen) (*result, error) {
	conn, err := s.database.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	videoTime := func(d time.Duration) time.Duration { return time.Duration(float64(d) * p.factor).Round(time.Second) }
	lines.say("%d learners watch lectures of 45 to 90 minutes for %s, %g times as fast as life: that is %s of\n"+
		"theirs, a heartbeat each %s stands for one each 5 s, the policy's interval of %s for %s.\n"+
		"Each request is a connection to a Service without affinity, which brings it to any of %d pods.\n",
		p.learners, p.watch, p.factor, videoTime(p.watch),
		time.Duration(syllabus().Heartbeat*float64(time.Second)/p.factor).Round(time.Millisecond), p.interval(), videoTime(p.interval()), replicas)

	forward, err := s.forwardWeb(ctx)
	if err != nil {
		return nil, err
	}
	lines.say("Watch a film yourself: %s. It closes when the learners stop, and your page waits.\n", forward.url)
	defer forward.close()
	var lag lagWatch
	watching, stopWatching := context.WithCancel(ctx)
	var watchers errgroup.Group
	watchers.Go(func() error { return lag.watchFrom(watching, s.database) })
	err = p.run(ctx, s.learners, func(ctx context.Context) (totals, error) { return s.progress(ctx, lines) })
	forward.close()
	if err == nil {
		err = lines.step("all learners stopped, all saved", func() error { return s.waitSaved(ctx, p, lines) })
	}
	stopWatching()
	if err = errors.Join(err, watchers.Wait()); err != nil {
		return nil, err
	}

	r := &result{plan: p}
	if r.totals, err = sum(ctx, s.pods, s.learners); err != nil {
		return nil, err
	}
	if failure := r.totals.learners.Failure; failure != "" {
		return nil, fmt.Errorf("a learner gave up: %s", failure)
	}
	err = lines.step("Postgres has counted its rows", func() (err error) {
		r.written, err = waitWritten(ctx, conn, r.totals.rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err := truth.ReadRows(ctx, conn, truth.OwnTable)
	if err != nil {
		return nil, err
	}
	const threshold = 95 // the policy's default
	r.counts = s.account.Counts()
	rows, people := visitors(rows)
	r.visited = len(people)
	r.report = s.account.Verify(rows, truth.Options{CompletionThresholdPercent: threshold})
	r.lags = lag.lags(s.account.Entries())
	err = lines.step("the policy's status tells of all", func() (err error) {
		r.policy, r.peered, err = s.waitPolicy(ctx, r.totals, r.visited > 0)
		return err
	})
	return r, err
}

// watchFrom reads over a connection of its own.
func (w *lagWatch) watchFrom(ctx context.Context, d *database) error {
	conn, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return w.run(ctx, conn)
}

func (s *stage) progress(ctx context.Context, lines *screen) (totals, error) {
	t, err := sum(ctx, s.pods, s.learners)
	if err == nil {
		lines.status(t.line())
	}
	return t, err
}

// waitSaved waits for the windows to end by themselves.
func (s *stage) waitSaved(ctx context.Context, p plan, lines *screen) error {
	defer lines.status("")
	return wait.Every(ctx, time.Second, p.interval()+time.Minute, "saving all", func(ctx context.Context) error {
		t, err := s.progress(ctx, lines)
		if err != nil {
			return wait.Permanent(err)
		}
		return wait.Unless(t.pending == 0, t.line())
	})
}

// waitWritten waits until Postgres has counted what the sidecars have: its
// processes report their counts with a delay of some seconds.
func waitWritten(ctx context.Context, conn *pgx.Conn, rows int64) (written, error) {
	const longestDelay = 15 * time.Second
	var w written
	err := wait.Every(ctx, time.Second/4, longestDelay, "counting the rows", func(context.Context) (err error) {
		if w, err = countWritten(ctx, conn); err != nil {
			return wait.Permanent(err)
		}
		return wait.Unless(w.rows >= rows, w)
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = nil // the difference shows in the table
	}
	return w, err
}

// waitPolicy waits until the policy's status tells of all that was accepted and
// handed on, and returns what kubectl prints of it, and what it says of peers.
//
// People who look in may go on writing meanwhile.
func (s *stage) waitPolicy(ctx context.Context, t totals, people bool) (printed, peered string, err error) {
	const patience = 30 * time.Second
	err = wait.Every(ctx, time.Second/2, patience, "the policy's status tells of all that was accepted", func(ctx context.Context) error {
		got, err := s.cluster.Kubectl(ctx, "--namespace", namespace, "get", "psync", "lms", "--output",
			`jsonpath={.status.updates.received} {.status.updates.pending} {.status.updates.handedOn} {.status.sidecars.peered} `+
				`{.status.conditions[?(@.type=="Synced")].status} {.status.conditions[?(@.type=="Peered")].status} {.status.updates.handedOnShare}`)
		if err != nil {
			return wait.Permanent(err)
		}
		var received, pending, handedOn int64
		var reach int
		var synced, condition, share string
		if _, err := fmt.Sscan(got, &received, &pending, &handedOn, &reach, &synced, &condition, &share); err != nil {
			return err // the status is not complete yet
		}
		peered = fmt.Sprintf("%d of %d sidecars peered, %s handed on", reach, replicas, strings.Replace(share, "%", " %", 1))
		all := received == t.accepted && pending == 0 && handedOn == t.allHandedOn() && synced == "True"
		known := condition == "True" && reach == replicas
		return wait.Unless(known && (all || people && received >= t.accepted), got)
	})
	if err != nil && ctx.Err() == nil {
		state, _ := s.cluster.Kubectl(ctx, "--namespace", namespace, "get", "psync", "lms", "--output=yaml")
		return "", "", fmt.Errorf("%w\n%s", err, state)
	}
	printed, err = s.cluster.Kubectl(ctx, "--namespace", namespace, "get", "psync", "--output=wide")
	if err != nil {
		return "", "", fmt.Errorf("asking for the policy: %w", err)
	}
	return printed, peered, nil
}

func (s *stage) whatRuns() string {
	text := fmt.Sprintf(`Everything still runs:
  export PATH=%s:$PATH KUBECONFIG=%s
  kubectl -n %s get psync,pods
  kubectl -n %s describe psync lms
  kubectl -n %s logs deployment/lms -c progress-sync
  kubectl -n %s port-forward deployment/lms %d   # the LMS, at http://127.0.0.1:%d
`, s.cluster.Bin(), s.cluster.Kubeconfig(), namespace, namespace, namespace, namespace, webPort, webPort)
	if s.database.log != "" {
		text += fmt.Sprintf("  psql '%s' -c 'SELECT * FROM progress_sync.lesson_progress LIMIT 5'\n", s.database.here)
		text += fmt.Sprintf("logs: %s, %s\n", s.cluster.RunDir()+"/logs", s.database.log)
	}
	return text + "`make demo-down` removes all of it."
}

func removeRunDir(o cluster.Options) error {
	if err := os.RemoveAll(runDir(o)); err != nil {
		return fmt.Errorf("removing the demo's folder: %w", err)
	}
	return nil
}
