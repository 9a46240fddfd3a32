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

// buildOtherVersion makes a sidecar of this source that speaks another version of the
// protocol between sidecars, in a folder, and returns where it is.
func buildOtherVersion(ctx context.Context, dir string) (string, error) {
	root, err := project.Root()
	if err != nil {
		return "", err
	}
	source := filepath.Join(root, "sidecar/peers/wire/protocol.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return "", fmt.Errorf("reading the protocol's version: %w", err)
	}
	this, other := fmt.Sprintf("const Version = %d\n", wire.Version), fmt.Sprintf("const Version = %d\n", wire.Version+1)
	changed := strings.Replace(string(text), this, other, 1)
	if changed == string(text) {
		return "", fmt.Errorf("%s does not say %q", source, this)
	}
	into := filepath.Join(dir, "protocol.go")
	if err := os.WriteFile(into, []byte(changed), 0o600); err != nil {
		return "", fmt.Errorf("writing another version of the protocol: %w", err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: into}})
	if err != nil {
		return "", fmt.Errorf("describing another version of the protocol: %w", err)
	}
	if err := os.WriteFile(into+".json", overlay, 0o600); err != nil {
		return "", fmt.Errorf("describing another version of the protocol: %w", err)
	}
	target := filepath.Join(dir, "sidecar-of-another-version")
	return target, program.BuildInto(ctx, "cmd/sidecar", target, "-overlay="+into+".json")
}
