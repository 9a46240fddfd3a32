package load

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Service is where the requests of a load go: to one of several pods, by the learner
// of a request's first update.
type Service struct {
	pods []string // their addresses
	pod  func(request, learner int) int
}

// Pod is the only one.
func Pod(address string) Service {
	return Service{[]string{address}, func(int, int) int { return 0 }}
}

// AnyPod is a Service without session affinity: each request goes to any pod, at
// random.
func AnyPod(addresses []string) Service {
	return Service{addresses, func(request, _ int) int { return int(mix(uint64(request)) % uint64(len(addresses))) }}
}

// PodOf is a Service whose learners stay on a pod of their own.
func PodOf(addresses []string, of func(learner int) int) Service {
	return Service{addresses, func(_, learner int) int { return of(learner) }}
}

// NotPodOf sends each request to any pod, at random, but the learner's own. There must
// be two pods at least.
func NotPodOf(addresses []string, of func(learner int) int) Service {
	return Service{addresses, func(request, learner int) int {
		away := 1 + int(mix(uint64(request))%uint64(len(addresses)-1))
		return (of(learner) + away) % len(addresses)
	}}
}

// client sends one request at a time, on a connection of its own to each pod.
type client struct {
	service     Service
	connections []*connection
}

func (s Service) connect(ctx context.Context) (*client, error) {
	c := &client{service: s}
	for _, address := range s.pods {
		conn, err := dial(ctx, address)
		if err != nil {
			c.close()
			return nil, err
		}
		c.connections = append(c.connections, conn)
	}
	return c, nil
}

// connectAll makes clients, all connected.
func (s Service) connectAll(ctx context.Context, count int) ([]*client, error) {
	clients := make([]*client, count)
	group, ctx := errgroup.WithContext(ctx)
	for i := range clients {
		group.Go(func() (err error) {
			clients[i], err = s.connect(ctx)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		closeAll(clients)
		return nil, fmt.Errorf("connecting %d clients to %d pods: %w", count, len(s.pods), err)
	}
	return clients, nil
}

func closeAll(clients []*client) {
	for _, c := range clients {
		if c != nil {
			c.close()
		}
	}
}

func (c *client) close() {
	for _, conn := range c.connections {
		conn.close()
	}
}

// to is the connection for a request.
func (c *client) to(request, learner int) *connection {
	return c.connections[c.service.pod(request, learner)]
}
