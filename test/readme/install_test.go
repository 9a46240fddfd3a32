//go:build e2e

package readme

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/cluster/images"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const patience = 2 * time.Minute

// reader is someone with a cluster and a database who follows the README.
type reader struct {
	t       *testing.T
	cluster *cluster.Cluster
	server  *pgtest.Server
	uri     string
	// bin is a folder before all others on the reader's PATH.
	bin string
}

func TestAReaderWhoCopiesTheLinesOneAfterTheOtherGetsARunningPolicy(t *testing.T) {
	r := newReader(t)
	page, err := os.ReadFile(filepath.Join(r.cluster.Root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	install, err := section(string(page), "Install")
	if err != nil {
		t.Fatal(err)
	}
	r.policyIsTheSample(install)
	lines := commands(install)
	var app []string
	for i, line := range lines {
		if strings.HasPrefix(line, "curl ") { // from here on it speaks of the app
			lines, app = lines[:i], lines[i:]
			break
		}
	}
	t.Cleanup(r.uninstall)
	var last string
	for _, line := range lines {
		last = r.run(r.adapted(line))
	}
	// What a reader sees in the end.
	if fields := regexp.MustCompile(`(?m)^lms +True +True +Healthy +1/1 `); !fields.MatchString(last) {
		t.Errorf("the policy is not Ready with one sidecar:\n%s", last)
	}
	r.running()
	r.writes(strings.Join(app, "\n"))
}

func TestImagesOfARegistryAreThoseThatTheValuesName(t *testing.T) {
	r := newReader(t)
	page, err := os.ReadFile(filepath.Join(r.cluster.Root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const registry = "registry.example.com/lms"
	for _, want := range []string{"`make push REGISTRY=" + registry + "`", "`--set image.repository="} {
		if !strings.Contains(string(page), want) {
			t.Fatalf("the README does not say %s", want)
		}
	}
	_, flags, _ := strings.Cut(string(page), "`--set image.repository=")
	flags, _, _ = strings.Cut(flags, "`")
	rendered := r.run("helm template progress-sync charts/progress-sync --kube-version 1.29.0 --set image.repository=" + flags)
	version, err := images.Version(r.cluster.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range []images.Image{images.Operator(version), images.Sidecar(version)} {
		// make push keeps the last part of the name and the tag.
		if want := registry + image.Ref[strings.LastIndex(image.Ref, "/"):]; !strings.Contains(rendered, want) {
			t.Errorf("the chart does not name %s", want)
		}
	}
	if strings.Contains(rendered, "ghcr.io/") {
		t.Error("the chart still names an image that is not in the registry")
	}
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{t: t, cluster: shared, server: server, bin: t.TempDir()}
	host, err := shared.HostAddress()
	if err != nil {
		t.Fatal(err)
	}
	r.uri = server.URIOn(host, role, role)
	// kind, as far as the README needs it.
	kind := fmt.Sprintf("#!/bin/sh\nset -e\n[ \"$1 $2\" = 'load image-archive' ]\nexec %q \"$3\"\n", os.Args[0])
	if err := os.WriteFile(filepath.Join(r.bin, "kind"), []byte(kind), 0o755); err != nil {
		t.Fatal(err)
	}
	return r
}

// adapted is a line with what can't be the same replaced.
func (r *reader) adapted(line string) string {
	line = strings.ReplaceAll(line, " .cache/", " "+r.cluster.Cache+"/")
	line = strings.ReplaceAll(line, "registry.k8s.io/pause:3.10", images.Pause().Ref)
	return regexp.MustCompile(`uri='[^']*'`).ReplaceAllLiteralString(line, "uri='"+r.uri+"'")
}

// run a line in the project's folder, as a shell does, and return what it prints.
func (r *reader) run(line string) string {
	r.t.Helper()
	output, err := r.shell(r.t.Context(), line)
	r.t.Logf("$ %s\n%s", strings.ReplaceAll(line, r.uri, "postgres://…"), output)
	if err != nil {
		r.t.Fatalf("%v", err)
	}
	return output
}

func (r *reader) shell(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", line)
	command.Dir = r.cluster.Root
	command.Env = append(os.Environ(), "KUBECONFIG="+r.cluster.Kubeconfig(), loading+"=yes",
		"PATH="+strings.Join([]string{r.bin, r.cluster.Bin(), os.Getenv("PATH")}, ":"))
	output, err := command.CombinedOutput()
	return string(output), err
}

// policyIsTheSample compares the policy that is shown with the one that is applied.
func (r *reader) policyIsTheSample(install string) {
	r.t.Helper()
	sample := regexp.MustCompile(`kubectl apply -f (config/samples/\S+)`).FindStringSubmatch(install)
	if sample == nil {
		r.t.Fatal("the README applies no sample")
	}
	text, err := os.ReadFile(filepath.Join(r.cluster.Root, sample[1]))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, block := range fenced.FindAllStringSubmatch(install, -1) {
		if block[1] == "yaml" {
			shown, err := yaml.YAMLToJSON([]byte(block[2]))
			if err != nil {
				r.t.Fatal(err)
			}
			applied, err := yaml.YAMLToJSON(text)
			if err != nil {
				r.t.Fatal(err)
			}
			if !bytes.Equal(shown, applied) {
				r.t.Errorf("the README shows %s and applies %s", shown, applied)
			}
			return
		}
	}
	r.t.Fatal("the README shows no policy")
}

// running looks at the pod itself.
func (r *reader) running() {
	r.t.Helper()
	kit.EventuallyWithin(r.t, patience, "the pod's sidecar runs", func() error {
		text, err := r.cluster.Kubectl(r.t.Context(), "-n", "campus", "get", "pods", "-l", "app=lms",
			"-o", `jsonpath={range .items[*].status.initContainerStatuses[*]}{.name}={.started}/{.ready} {end}`)
		if err == nil && text != "progress-sync=true/true " {
			err = fmt.Errorf("init containers: %q", text)
		}
		return err
	})
}

// writes sends the update of the README through the pod's loopback and waits for
// its row.
func (r *reader) writes(app string) {
	r.t.Helper()
	update := regexp.MustCompile(`(?s)--json '(.*?)'`).FindStringSubmatch(app)
	if update == nil {
		r.t.Fatalf("the README shows no update:\n%s", app)
	}
	var sent struct{ UserID, CourseID, LessonID string }
	if err := json.Unmarshal([]byte(update[1]), &sent); err != nil {
		r.t.Fatal(err)
	}
	sidecar := r.forward("campus", "deployment/lms", "8787")
	r.post(sidecar+"/v1/progress", update[1], 200, 202)
	r.post(sidecar+"/v1/sync", "", 200, 202)
	kit.EventuallyWithin(r.t, patience, "the update is a row", func() error {
		conn, err := pgx.Connect(r.t.Context(), r.server.URI(role, role))
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(r.t.Context()))
		var position float64
		err = conn.QueryRow(r.t.Context(), "SELECT position_seconds FROM progress_sync.lesson_progress "+
			"WHERE user_id = $1 AND course_id = $2 AND lesson_id = $3", sent.UserID, sent.CourseID, sent.LessonID).Scan(&position)
		if err == nil && position != 45 {
			err = fmt.Errorf("the position is %v", position)
		}
		return err
	})
	// The operator asks the sidecars every 10 s.
	kit.EventuallyWithin(r.t, patience, "the policy says that the database is reached", func() error {
		status, err := r.cluster.Kubectl(r.t.Context(), "-n", "campus", "get", "psync", "lms", "-o",
			`jsonpath={.status.conditions[?(@.type=="DatabaseReachable")].reason} {.status.updates.rowsWritten}`)
		if err == nil && status != "Reachable 1" {
			err = fmt.Errorf("the status says %q", status)
		}
		return err
	})
}

// uninstall follows docs/operating.md, and removes what that leaves on purpose, so
// that another release can be installed.
func (r *reader) uninstall() {
	ctx := context.WithoutCancel(r.t.Context())
	if r.t.Failed() {
		state, _ := r.shell(ctx, "kubectl -n campus get pods,psync,events -o wide; kubectl -n campus describe psync lms; "+
			"kubectl -n progress-sync get pods,events; kubectl -n progress-sync logs --tail=40 -l app.kubernetes.io/component=operator")
		r.t.Log(state)
	}
	page, err := os.ReadFile(filepath.Join(r.cluster.Root, "docs", "operating.md"))
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := section(string(page), "Uninstall")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, line := range append(commands(text), "kubectl delete crd progresssyncpolicies.progresssync.dev",
		"kubectl delete namespace campus progress-sync") {
		if output, err := r.shell(ctx, line); err != nil {
			r.t.Errorf("$ %s\n%s%v", line, output, err)
		}
	}
}
