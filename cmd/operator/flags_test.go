package main

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func environment(values map[string]string) func(string) string {
	return func(key string) string { return values[key] }
}

func TestFlags(t *testing.T) {
	f, err := parse([]string{"--sidecar-image=s", "--leader-elect", "--log-level=debug", "--status-interval=30s"},
		environment(map[string]string{"POD_NAMESPACE": "progress-sync"}), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o := f.options
	if o.Namespace != "progress-sync" || o.SidecarImage != "s" || !o.LeaderElection || f.logLevel != slog.LevelDebug || o.StatusInterval != 30*time.Second {
		t.Errorf("%+v", f)
	}
	if o.WebhookPort != 9443 || o.ServicePort != 443 || o.StatusPort != 9787 || !o.CertRotation || o.SidecarRunAs != "Auto" {
		t.Errorf("defaults: %+v", o)
	}
}

func TestMistakesOnTheCommandLineAreNamed(t *testing.T) {
	for args, says := range map[string]string{
		"--nonsense":            "nonsense",
		"run":                   `unknown argument "run"`,
		"--service-port=70000":  "--service-port must be from 1 to 65535",
		"--status-interval=now": "status-interval",
	} {
		if _, err := parse([]string{args}, environment(nil), io.Discard); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v does not say %q", args, err, says)
		}
	}
}

func TestVersion(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--version"}, &out, io.Discard); err != nil || out.String() != "dev\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
