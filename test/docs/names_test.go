package docs

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	for _, p := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(fenced.ReplaceAllString(p.text, ""), -1) {
			target := p.name
			if match[1] != "" {
				target = filepath.Join(filepath.Dir(p.name), match[1])
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which is not there", p.name, target)
				continue
			}
			if match[2] == "" {
				continue
			}
			found := false
			for _, title := range headings(read(t, target), 0) {
				found = found || anchor(title) == match[2]
			}
			if !found {
				t.Errorf("%s links to %s#%s, which has no such heading", p.name, target, match[2])
			}
		}
	}
}

func TestEveryReasonAndAlertHasARunbook(t *testing.T) {
	runbooks := read(t, "docs/runbooks.md")
	known := matches(`Reason[A-Za-z]+ += "([A-Za-z]+)"`, source(t, "api/v1alpha1"))
	api := matches("`([A-Z][A-Za-z]+)`", read(t, "docs/api.md"))
	for reason := range known {
		if !api[reason] {
			t.Errorf("docs/api.md does not list the reason %s", reason)
		}
	}
	alerts := matches(`- alert: ([A-Za-z]+)`, read(t, "charts/progress-sync/templates/prometheusrule.yaml"))
	same(t, "the chart", alerts, "docs/metrics.md", matches("`(ProgressSync[A-Z][A-Za-z]+)`", read(t, "docs/metrics.md")))
	maps.Copy(known, alerts)
	described := map[string]bool{}
	for _, title := range headings(runbooks, 3) {
		described[title] = true
	}
	same(t, "the code and the chart", known, "docs/runbooks.md", described)
}

func TestEveryAlertLinksToItsRunbook(t *testing.T) {
	rules := read(t, "charts/progress-sync/templates/prometheusrule.yaml")
	for _, rule := range strings.Split(rules, "- alert: ")[1:] {
		name, _, _ := strings.Cut(rule, "\n")
		if !strings.Contains(rule, "{{ $runbook }}#"+anchor(name)+"\n") {
			t.Errorf("%s does not link to its own runbook", name)
		}
	}
}

func TestMetricsAreThoseOfTheCode(t *testing.T) {
	inCode := matches(`(progress_sync_operator_[a-z_]+)"`, source(t, "controllers"))
	for name := range matches(`(?:counter\(|add\(|Name: )"([a-z_]+)"`, source(t, "sidecar/state")) {
		inCode["progress_sync_"+name] = true
	}
	for _, dir := range []string{"sidecar/peers", "sidecar/outbox"} {
		for name := range matches(`(?:desc\(|Name: )"([a-z_]+)"`, source(t, dir)) {
			inCode["progress_sync_"+name] = true
		}
	}
	// Those of sending are there for each kind of receiver.
	for kind := range matches(`\) Name\(\) string { return "([a-z]+)" }`, source(t, "sidecar/events")) {
		for name := range matches(`(?:desc\("|Name: k\.Name\(\) \+ "_)([a-z_]+)"`, source(t, "sidecar/events")) {
			inCode["progress_sync_"+kind+"_"+name] = true
		}
	}
	const pattern = "`(progress_sync_[a-z_]+)`"
	same(t, "the code", inCode, "docs/metrics.md", matches(pattern, read(t, "docs/metrics.md")))

	used := matches(`(progress_sync_[a-z_]+)`, read(t, "charts/progress-sync/templates/prometheusrule.yaml"))
	tables := map[string]bool{"progress_sync_": true}
	for _, p := range pages(t) {
		maps.Copy(used, matches(pattern, p.text))
	}
	for name := range used {
		if !inCode[name] && !tables[name] {
			t.Errorf("the metric %s does not exist", name)
		}
	}
}

func TestReasonsOfRejectionAreThoseOfTheCode(t *testing.T) {
	row := ""
	for line := range strings.Lines(read(t, "docs/metrics.md")) {
		if strings.Contains(line, "progress_sync_updates_rejected_total` |") {
			_, row, _ = strings.Cut(line, "Label `reason`:")
		}
	}
	same(t, "the code", matches(`Reason[A-Za-z]+ +Reason = "([a-z_]+)"`, source(t, "sidecar/ingest")),
		"docs/metrics.md", matches("`([a-z_]+)`", row))
}

func TestMakeTargetsExist(t *testing.T) {
	targets := matches(`(?m)^([a-z-]+):`, read(t, "Makefile"))
	for _, p := range pages(t) {
		for name := range matches("`make ([a-z-]+)", p.text) {
			if !targets[name] {
				t.Errorf("%s speaks of `make %s`, which does not exist", p.name, name)
			}
		}
	}
}

func TestEveryDirectDependencyIsExplained(t *testing.T) {
	gomod, err := modfile.ParseLax("go.mod", []byte(read(t, "go.mod")), nil)
	if err != nil {
		t.Fatal(err)
	}
	direct := map[string]bool{}
	for _, required := range gomod.Require {
		if !required.Indirect {
			direct[required.Mod.Path] = true
		}
	}
	same(t, "go.mod", direct, "docs/dependencies.md", matches("(?m)^\\| `([^`]+)` \\|", read(t, "docs/dependencies.md")))
}

func TestFilesThatAreNamedExist(t *testing.T) {
	for _, p := range pages(t) {
		for name := range matches("`((?:api|charts|cmd|config|controllers|docs|hack|sidecar|test)/[A-Za-z0-9_./-]+)`", p.text) {
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%s speaks of %s, which is not there", p.name, name)
			}
		}
	}
}
