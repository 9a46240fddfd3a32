package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/backend"
	"github.com/progress-sync/progress-sync/test/lms/report"
)

// connections to the sidecar that are kept open: as many as learners of a pod
// may be at work at one time.
const connections = 512

// toSidecar keeps connections open.
func toSidecar() *http.Transport {
	return &http.Transport{MaxIdleConns: 2 * connections, MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute}
}

// toService makes a connection for each request, since a Service picks a pod for a
// connection and not for a request. It is reset at its end: thousands a
// second that wait for late packets would take all ports.
func toService() *http.Transport {
	const patience = 3 * time.Second
	dialer := &net.Dialer{Timeout: patience}
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // fails only where the connection has failed
			}
			return conn, err
		},
	}
}

// sender is where simulated learners write to: the sidecar of their pod, or through
// a Service any pod of the LMS.
func (env environment) sender(sidecar, service *http.Transport) *report.Client {
	if env.lmsURL != "" {
		return report.NewClient(env.lmsURL, &http.Client{Transport: service}).WithUserHeader(backend.LearnerHeader)
	}
	return report.NewClient(env.sidecarURL, &http.Client{Transport: sidecar}).WithUserHeader(env.userHeader)
}
