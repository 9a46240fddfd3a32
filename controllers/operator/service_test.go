//go:build envtest

package operator_test

import (
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
)

// fakeService stands in for a Service, which envtest lacks: it passes
// connections on to one of the replicas that are ready.
type fakeService struct {
	port     int
	listener net.Listener

	mu       sync.Mutex
	backends []int
	turn     int
}

func startService() (*fakeService, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &fakeService{listener: listener, port: listener.Addr().(*net.TCPAddr).Port}
	go s.serve()
	return s, nil
}

func (s *fakeService) stop() { _ = s.listener.Close() }

func (s *fakeService) add(port int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backends = append(s.backends, port)
}

func (s *fakeService) remove(port int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backends = slices.DeleteFunc(s.backends, func(p int) bool { return p == port })
}

func (s *fakeService) serve() {
	for {
		connection, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.pass(connection)
	}
}

func (s *fakeService) pass(from net.Conn) {
	defer func() { _ = from.Close() }()
	s.mu.Lock()
	if len(s.backends) == 0 {
		s.mu.Unlock()
		return
	}
	s.turn++
	port := s.backends[s.turn%len(s.backends)]
	s.mu.Unlock()
	to, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
}
