package main

import (
	"context"
	"fmt"
	"net"
	"os"
)

// ports gives out loopback ports below the range that the kernel takes for
// outgoing connections: one of those could take the port of a program while it
// restarts.
type ports struct{ last int }

const (
	lowestPort  = 24000
	highestPort = 32000
)

// newPorts begins at another port in each process, so that two stacks that
// start at the same time do not find the same ones free.
func newPorts() *ports {
	const apart = 16
	return &ports{last: lowestPort + os.Getpid()*apart%(highestPort-lowestPort)/2}
}

func (p *ports) next(ctx context.Context) (int, error) {
	for ; p.last < highestPort; p.last++ {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", p.last))
		if err != nil {
			continue
		}
		port := p.last
		p.last++
		return port, l.Close()
	}
	return 0, fmt.Errorf("no free port up to %d", highestPort)
}

func (p *ports) address(ctx context.Context) (string, error) {
	port, err := p.next(ctx)
	return fmt.Sprintf("127.0.0.1:%d", port), err
}
