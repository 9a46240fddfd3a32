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

// gate lets people in who follow the printed address: a port of this machine's
// loopback, which is forwarded to a pod. Browsers keep what is unsent only at such
// an address or over HTTPS.
type gate struct {
	url    string
	end    context.CancelFunc
	output io.Closer
	ended  chan struct{}
}

// openGate returns when the address works.
func (s *stage) openGate(ctx context.Context) (*gate, error) {
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
	g := &gate{end: end, output: output, ended: make(chan struct{})}
	go func() {
		defer close(g.ended)
		_ = command.Wait() // it is killed, or has said what is wrong
		_ = input.Close()  // never fails
	}()
	lines := bufio.NewScanner(output)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if address, found := strings.CutPrefix(lines.Text(), "Forwarding from 127.0.0.1:"); found {
			number, _, _ := strings.Cut(address, " ")
			g.url = "http://127.0.0.1:" + number
			go func() { _, _ = io.Copy(io.Discard, output) }() // until close
			return g, nil
		}
	}
	g.close()
	return nil, fmt.Errorf("kubectl port-forward: %s", strings.Join(said, "\n"))
}

// close shuts people out; their pages keep what they watch until they are let in
// again. Doing so twice does no harm.
func (g *gate) close() {
	g.end()
	_ = g.output.Close() // never fails
	<-g.ended
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
