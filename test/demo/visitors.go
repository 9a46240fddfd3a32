package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/lms/web"
	"github.com/progress-sync/progress-sync/test/truth"
)

// webPort is where the pods' LMS is open for people.
const webPort = 8000

// webForward lets people in who follow the printed address: a port of this machine's
// loopback, which is forwarded to a pod. Browsers keep what is unsent only at such
// an address or over HTTPS.
type webForward struct {
	url    string
	end    context.CancelFunc
	output io.Closer
	ended  chan struct{}
}

// forwardWeb returns when the address works.
func (s *stage) forwardWeb(ctx context.Context) (*webForward, error) {
	free, err := port.Usual(webPort)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	command := exec.CommandContext(ctx, filepath.Join(s.cluster.Bin(), "kubectl"), "--kubeconfig", s.cluster.Kubeconfig(),
		"--namespace", namespace, "port-forward", "deployment/lms", fmt.Sprintf("%d:%d", free, webPort))
	output, input := io.Pipe()
	command.Stdout, command.Stderr = input, input
	if err := command.Start(); err != nil {
		end()
		return nil, fmt.Errorf("starting kubectl port-forward: %w", err)
	}
	f := &webForward{end: end, output: output, ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		_ = command.Wait() // it is killed, or has said what is wrong
		_ = input.Close()  // never fails
	}()
	lines := bufio.NewScanner(output)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if address, found := strings.CutPrefix(lines.Text(), "Forwarding from 127.0.0.1:"); found {
			number, _, _ := strings.Cut(address, " ")
			f.url = "http://127.0.0.1:" + number
			go func() { _, _ = io.Copy(io.Discard, output) }() // until close
			return f, nil
		}
	}
	f.close()
	return nil, fmt.Errorf("kubectl port-forward: %s", strings.Join(said, "\n"))
}

// close shuts people out; their pages keep what they watch until they are let in
// again. Doing so twice does no harm.
func (f *webForward) close() {
	f.end()
	_ = f.output.Close() // never fails
	<-f.ended
}

// visitors takes the rows of people who watched the film out of those of the
// simulated learners, who keep an account and never take that course.
func visitors(rows []truth.Row) (simulated, people []truth.Row) {
	for _, row := range rows {
		if row.CourseID == web.CourseID {
			people = append(people, row)
		} else {
			simulated = append(simulated, row)
		}
	}
	return simulated, people
}
