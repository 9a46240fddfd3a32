package inject

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// clock starts a sidecar with a monotonic clock that is days ahead of what it
// was, or back again. The clock of the day has no namespace in Linux; its jumps
// are covered in sidecar/buffer (TestArrivalsAlwaysIncrease and the model).
type clock struct {
	of     *world.Sidecar
	holder *exec.Cmd
}

func (*clock) Name() string { return "clock jumped (monotonic)" }

func (*clock) Prepare(ctx context.Context, _ *world.World) error {
	for _, program := range []string{"unshare", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			return impossible(err.Error())
		}
	}
	if output, err := exec.CommandContext(ctx, "unshare", "--time", "--monotonic", "86400", "--fork", "true").CombinedOutput(); err != nil {
		return impossible(fmt.Sprintf("making a time namespace: %v: %s", err, output))
	}
	return nil
}

func (f *clock) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	var err error
	if f.of, err = claim(ctx, random, w.Sidecars); err != nil {
		return err
	}
	seconds := strconv.Itoa(1 + random.IntN(30*24*3600))
	// It ends when its input does, with this process at the latest.
	f.holder = exec.CommandContext(context.WithoutCancel(ctx), "unshare", "--time", "--monotonic", seconds, "--boottime", seconds,
		"--fork", "--kill-child", "cat")
	input, err := f.holder.StdinPipe() // what cat waits for
	if err != nil {
		return fmt.Errorf("making a time namespace: %w", err)
	}
	output, err := f.holder.StdoutPipe()
	if err != nil {
		return fmt.Errorf("making a time namespace: %w", err)
	}
	if err := f.holder.Start(); err != nil {
		return fmt.Errorf("making a time namespace: %w", err)
	}
	// The offsets are set once cat runs.
	if _, err := input.Write([]byte{'.'}); err != nil {
		return fmt.Errorf("making a time namespace: %w", err)
	}
	if _, err := output.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("making a time namespace: %w", err)
	}
	f.of.Under("nsenter", fmt.Sprintf("--time=/proc/%d/ns/time_for_children", f.holder.Process.Pid), "--")
	f.of.Kill()
	return nil
}

func (f *clock) Heal(ctx context.Context, _ *world.World) error {
	defer f.of.Claim.Unlock()
	f.of.Under()
	f.of.Kill()
	err := f.of.Await(ctx)
	if f.holder != nil && f.holder.Process != nil {
		_ = f.holder.Process.Kill() // which is also how it ends
		_ = f.holder.Wait()
	}
	return err
}
