// Command metrics writes the table of the sidecar's metrics into docs/metrics.md
// of the target directory, from what the sidecar registers.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	dto "github.com/prometheus/client_model/go"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/lrs"
	"github.com/progress-sync/progress-sync/sidecar/events/sending"
	"github.com/progress-sync/progress-sync/sidecar/events/webhook"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/ingest"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/outbox"
	"github.com/progress-sync/progress-sync/sidecar/peers"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

const (
	document = "docs/metrics.md"
	begin    = "<!-- The table below is written by `make generate`. -->\n"
	end      = "<!-- End of the table. -->\n"
	prefix   = "progress_sync_"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: metrics target-directory")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "metrics:", err)
		os.Exit(1)
	}
}

func write(target string) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no lines %q and %q", document, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	families, err := gather()
	if err != nil {
		return err
	}
	path := filepath.Join(target, document)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+table(families)+"\n"+end+after), 0o644)
}

// empty is a buffer in which nothing is.
type empty struct{}

func (empty) Stats() buffer.Stats               { return buffer.Stats{} }
func (empty) Classes() []buffer.ClassStats      { return nil }
func (empty) Failed() <-chan struct{}           { return nil }
func (empty) PendingErasures() []buffer.Erasure { return nil }
func (empty) Writer() string                    { return "" }

// gather makes every metric of a sidecar appear once.
func gather() ([]*dto.MetricFamily, error) {
	s := state.New(state.Options{Version: "0"})
	s.Attach(empty{}, func() int { return 0 })
	s.SetConfig(config.Choice{Config: config.Config{Variants: config.Variants{Arms: []config.Arm{{Name: "any", Weight: 1}}}}})
	s.AttachAdaptive(func() *status.Adaptive { return new(status.Adaptive) })
	for _, reason := range ingest.Reasons() {
		s.Rejected(string(reason), 0)
	}
	for _, standard := range []config.Standard{config.StandardXAPI, config.StandardCaliper} {
		for _, outcome := range standards.Outcomes() {
			s.Standard(standard, outcome, 0)
		}
	}
	s.AttemptFailed(postgres.Failure{Class: postgres.Unreachable})
	reachable := true
	s.ConditionChanged(flush.Condition{Reachable: &reachable, ReachableSince: time.Now()})
	for _, kind := range []sending.Kind{webhook.New(""), lrs.New("")} {
		if err := s.Registerer().Register(sending.New(kind, sending.Options{}).Metrics()); err != nil {
			return nil, fmt.Errorf("registering the metrics of %s: %w", kind.Noun(), err)
		}
	}
	if err := s.Registerer().Register(peers.New(peers.Options{}, config.PeersOff).Metrics()); err != nil {
		return nil, fmt.Errorf("registering the metrics of peers: %w", err)
	}
	s.Registerer().MustRegister(slices.Concat(outbox.NewFeed(nil, nil).Metrics(), outbox.NewKeeper(nil, nil, logr.Discard()).Metrics())...)
	families, err := s.Gatherer().Gather()
	if err != nil {
		return nil, fmt.Errorf("gathering the metrics: %w", err)
	}
	return families, nil
}

func table(families []*dto.MetricFamily) string {
	var b strings.Builder
	b.WriteString("| metric | type | what it says |\n|---|---|---|\n")
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), prefix) {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), says(f))
		}
	}
	return b.String()
}

// says is the help text with the labels.
func says(f *dto.MetricFamily) string {
	text := f.GetHelp()
	values := map[string][]string{}
	var names []string
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if !slices.Contains(names, l.GetName()) {
				names = append(names, l.GetName())
			}
			values[l.GetName()] = append(values[l.GetName()], "`"+l.GetValue()+"`")
		}
	}
	var labels strings.Builder
	for _, name := range names {
		labels.WriteString(" Label `" + name + "`")
		if len(values[name]) > 1 {
			labels.WriteString(": " + strings.Join(values[name], ", "))
		}
		labels.WriteString(".")
	}
	text += labels.String()
	return text
}
