package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/test/cluster/process"
)

// stopTimeout bounds the removal of a cluster.
const stopTimeout = time.Minute

// Down ends the cluster of the run folder and removes everything that it made
// on the machine. It does nothing to a cluster that KUBECONFIG names.
func Down(ctx context.Context, o Options) error {
	if os.Getenv("KUBECONFIG") != "" {
		if _, ok := o.readRecord(); !ok {
			o.Say("the cluster of KUBECONFIG was not started here and stays")
			return nil
		}
	}
	unlock, err := o.lock()
	if err != nil {
		return err
	}
	defer unlock()
	begin := time.Now()
	if err := o.remove(ctx); err != nil {
		return err
	}
	o.Say("the cluster is gone after %s", time.Since(begin).Round(100*time.Millisecond))
	return nil
}

// remove leaves nothing of the run folder's cluster, however it ended.
func (o Options) remove(ctx context.Context) error {
	recorded, known := o.readRecord()
	if known {
		o.Number = recorded.Number
	}
	running, err := o.processes()
	if err != nil {
		return err
	}
	if !known && len(running) == 0 && !o.ownsBridge(ctx) {
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("removing the cluster needs root, as starting it did")
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	containers, err := o.containers()
	if err != nil {
		return err
	}
	if err := process.KillAll(ctx, o.processes); err != nil {
		return err
	}
	if err := o.unmount(); err != nil {
		return err
	}
	if err := errors.Join(o.removeNetwork(ctx), removeCgroups(ctx, containers), o.removeTraces(), o.restoreForwarding(recorded)); err != nil {
		return err
	}
	for _, dir := range []string{o.sockets(), o.RunDir()} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing the run folder: %w", err)
		}
	}
	left, err := Leftovers(ctx, o)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the cluster left behind: %s", strings.Join(left, "; "))
	}
	return nil
}

func (o Options) restoreForwarding(r record) error {
	if r.Forwarding == "" {
		return nil
	}
	if err := os.WriteFile(forwarding, []byte(r.Forwarding+"\n"), 0o644); err != nil {
		return fmt.Errorf("restoring IPv4 forwarding: %w", err)
	}
	return nil
}
