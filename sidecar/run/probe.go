package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// probeTimeout is shorter than what kubelet waits for an exec probe, so that
	// the reason is told.
	probeTimeout = 4 * time.Second
	// dialTimeout leaves time for another address.
	dialTimeout = time.Second
)

// Probe asks the sidecar whose status port has the given address whether it is
// healthy, and returns why not. An empty or unspecified host stands for loopback.
//
// It is for exec probes: a mesh that takes only connections with its own
// certificates refuses those of the kubelet, and leaves loopback alone.
func Probe(ctx context.Context, address string) error {
	addresses, err := probed(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/healthz", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the sidecar for its health: %w", err)
	}
	// The transport is given whole: no proxy of the environment, no second connection.
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true, DisableCompression: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialFirst(ctx, addresses) },
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the sidecar at %s for its health: %w", strings.Join(addresses, " and "), err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		const longest = 1 << 10
		why, _ := bufio.NewReader(io.LimitReader(response.Body, longest)).ReadString('\n') // the status says enough
		return fmt.Errorf("the sidecar is not healthy (%s): %s", response.Status, strings.TrimSpace(why))
	}
	return nil
}

// probed are the addresses, in the order in which they are tried, where a
// listener of the given address is reached from the same network namespace.
func probed(address string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--status-listen %q: it must be the address of sidecar run, such as :9787: %w", address, err)
	}
	const four, six = "127.0.0.1", "::1"
	hosts := []string{host}
	switch ip := net.ParseIP(host); {
	case host == "":
		hosts = []string{four, six}
	case ip.Equal(net.IPv4zero):
		hosts = []string{four}
	case ip.Equal(net.IPv6unspecified):
		hosts = []string{six, four}
	}
	for i := range hosts {
		hosts[i] = net.JoinHostPort(hosts[i], port)
	}
	return hosts, nil
}

// dialFirst connects to the first of the addresses that answers.
func dialFirst(ctx context.Context, addresses []string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	var failures []string
	for _, address := range addresses {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err.Error())
	}
	return nil, errors.New(strings.Join(failures, "; "))
}
