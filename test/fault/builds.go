package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/project"
)

// change of one line in a file of the source.
type change struct{ file, from, to string }

// sendingSooner has lanes of events be free soon after a sidecar is killed, which happens
// every few seconds here, and a slow receiver be given up in the time that a fault lasts.
func sendingSooner() change {
	return change{
		file: "sidecar/events/sending/sender.go",
		from: "pace{look: 20 * time.Second, lease: 30 * time.Second, keep: 10 * time.Second, poll: time.Second, request: 10 * time.Second}",
		to: "pace{look: 2 * time.Second, lease: 3 * time.Second, keep: time.Second, poll: 300 * time.Millisecond, " +
			"request: 2 * time.Second}",
	}
}

// otherProtocol is another version of the protocol between sidecars.
func otherProtocol() change {
	const version = "const Version = %d\n"
	return change{
		file: "sidecar/peers/wire/protocol.go", from: fmt.Sprintf(version, wire.Version), to: fmt.Sprintf(version, wire.Version+1),
	}
}

// buildSidecar makes a sidecar of this source with some changes, in a folder, and returns
// where it is.
func buildSidecar(ctx context.Context, dir, name string, changes ...change) (string, error) {
	root, err := project.Root()
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for _, c := range changes {
		source := filepath.Join(root, filepath.FromSlash(c.file))
		text, err := os.ReadFile(source)
		if err != nil {
			return "", fmt.Errorf("reading the source of %s: %w", name, err)
		}
		changed := strings.Replace(string(text), c.from, c.to, 1)
		if changed == string(text) {
			return "", fmt.Errorf("%s does not say %q", source, c.from)
		}
		into := filepath.Join(dir, name+"-"+filepath.Base(c.file))
		if err := os.WriteFile(into, []byte(changed), 0o600); err != nil {
			return "", fmt.Errorf("writing the source of %s: %w", name, err)
		}
		replace[source] = into
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("describing the source of %s: %w", name, err)
	}
	described, target := filepath.Join(dir, name+".json"), filepath.Join(dir, name)
	if err := os.WriteFile(described, overlay, 0o600); err != nil {
		return "", fmt.Errorf("describing the source of %s: %w", name, err)
	}
	return target, program.BuildInto(ctx, "cmd/sidecar", target, "-overlay="+described)
}

// build makes the sidecars of a run, but for those that it has.
func (o *Options) build(ctx context.Context) (err error) {
	if o.Binary == "" {
		if o.Binary, err = buildSidecar(ctx, o.Dir, "sidecar", sendingSooner()); err != nil {
			return err
		}
	}
	o.OtherVersion, err = buildSidecar(ctx, o.Dir, "sidecar-of-another-version", sendingSooner(), otherProtocol())
	return err
}
