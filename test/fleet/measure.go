package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// injectionSeconds is the operator's own histogram.
const injectionSeconds = "progress_sync_operator_injection_seconds"

// situation of a fleet.
type situation struct {
	name   string
	busy   bool
	silent int64
}

func situations() []situation {
	return []situation{
		{name: "nothing changes"},
		{name: "every count changes", busy: true},
		{name: "every count changes, 1 sidecar in 10 hangs", busy: true, silent: 10},
	}
}

// figures of one situation.
type figures struct {
	cores, mebibytes, writes, fresh float64
}

func measure(ctx context.Context, o options) (err error) {
	c, err := startCluster(ctx, o.operator)
	defer func() { err = errors.Join(err, c.close()) }()
	if err != nil {
		return err
	}
	say("making %d policies", o.policies)
	owners, err := c.makePolicies(ctx, o)
	if err != nil {
		return fmt.Errorf("%w\nthe operator's log ends:\n%s", err, c.log())
	}
	fleet, err := serveSidecars(owners)
	if err != nil {
		return err
	}
	defer fleet.close()

	say("making %d pods", o.sidecars)
	before, err := c.ofOperator(ctx)
	if err != nil {
		return err
	}
	if err := c.makePods(ctx, owners, o.policies); err != nil {
		return fmt.Errorf("%w\nthe operator's log ends:\n%s", err, c.log())
	}
	after, err := c.ofOperator(ctx)
	if err != nil {
		return err
	}
	burst, err := quantile(before, after, injectionSeconds, 0.99)
	if err != nil {
		return err
	}
	calm, err := c.injectAlone(ctx, owners)
	if err != nil {
		return err
	}

	all := make([]figures, 0, len(situations()))
	for _, s := range situations() {
		say("measuring: %s", s.name)
		f, err := c.observe(ctx, fleet, s, o)
		if err != nil {
			return fmt.Errorf("measuring the fleet when %s: %w", s.name, err)
		}
		all = append(all, f)
	}
	found := table(all, calm, burst)
	fmt.Print(found)
	if o.out == "" {
		return nil
	}
	return write(o, found)
}

// injectAlone is the p99 of pods that are created one after the other.
func (c *cluster) injectAlone(ctx context.Context, owners []owner) (time.Duration, error) {
	before, err := c.ofOperator(ctx)
	if err != nil {
		return 0, err
	}
	const pods = 500
	for n := range pods {
		owner := owners[n%len(owners)]
		pod := lmsPod(owner.policy.Namespace, fmt.Sprintf("alone-%d", n), owner.policy.Name)
		if err := c.client.Create(ctx, pod, client.DryRunAll); err != nil {
			return 0, fmt.Errorf("trying to make a pod: %w", err)
		}
		if !injection.HasSidecar(pod) {
			return 0, fmt.Errorf("pod %s has no sidecar", pod.Name)
		}
	}
	after, err := c.ofOperator(ctx)
	if err != nil {
		return 0, err
	}
	return quantile(before, after, injectionSeconds, 0.99)
}

// observe the operator for one window, after the situation has set in.
func (c *cluster) observe(ctx context.Context, fleet *sidecars, s situation, o options) (figures, error) {
	fleet.busy.Store(s.busy)
	fleet.silent.Store(s.silent)
	// Three polls until a silent sidecar counts as unreachable, and one more.
	if err := pause(ctx, 45*time.Second); err != nil {
		return figures{}, err
	}
	writes, err := c.ofAPIServer(ctx)
	if err != nil {
		return figures{}, err
	}
	cpu, err := c.operator.CPU()
	if err != nil {
		return figures{}, err
	}
	began := time.Now()
	if err := pause(ctx, o.window); err != nil {
		return figures{}, err
	}
	elapsed := time.Since(began)
	used, err := c.operator.CPU()
	if err != nil {
		return figures{}, err
	}
	memory, err := c.operator.Memory()
	if err != nil {
		return figures{}, err
	}
	written, err := c.ofAPIServer(ctx)
	if err != nil {
		return figures{}, err
	}
	fresh, err := c.freshness(ctx, fleet, o)
	if err != nil {
		return figures{}, err
	}
	return figures{
		cores:     (used - cpu).Seconds() / elapsed.Seconds(),
		mebibytes: float64(memory) / (1 << 20),
		writes:    (written.statusWrites() - writes.statusWrites()) / float64(o.policies) / (elapsed.Seconds() / 10),
		fresh:     fresh.Seconds(),
	}, nil
}

// freshness is the time from a change of every sidecar's records until the
// status of the last policy has all of it.
func (c *cluster) freshness(ctx context.Context, fleet *sidecars, o options) (time.Duration, error) {
	mark := fleet.pending.Add(1000)
	answering := int64(0)
	for n := range o.sidecars {
		if !fleet.isSilent(n) {
			answering++
		}
	}
	began := time.Now()
	err := wait.Until(ctx, patience, "every status is fresh", func(context.Context) error {
		var sum int64
		err := c.everyPolicy(ctx, func(p *v1alpha1.ProgressSyncPolicy) error {
			sum += p.Status.Records.Pending
			return nil
		})
		if err == nil && sum != mark*answering {
			err = fmt.Errorf("%d records are reported, want %d", sum, mark*answering)
		}
		return err
	})
	return time.Since(began), err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
