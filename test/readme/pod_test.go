//go:build e2e

package readme

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// forward starts kubectl port-forward for the time of the test and returns the
// address at which a pod's port is then.
func (r *reader) forward(namespace, what, port string) string {
	r.t.Helper()
	command := exec.CommandContext(r.t.Context(), filepath.Join(r.cluster.Bin(), "kubectl"),
		"--kubeconfig", r.cluster.Kubeconfig(), "-n", namespace, "port-forward", what, ":"+port)
	output, err := command.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = command.Process.Kill() // which is also how it ends
		_ = command.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	if err != nil || address == "" {
		r.t.Fatalf("kubectl port-forward said %q, %v", line, err)
	}
	return "http://" + address
}

// post expects one of the codes.
func (r *reader) post(url, body string, codes ...int) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || !slices.Contains(codes, response.StatusCode) {
		r.t.Fatal(fmt.Errorf("POST %s: %s %s (%w)", url, response.Status, answer, err))
	}
}
