package run

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// Options of Run.
type Options struct {
	Version string
	// ConfigFile and DatabaseURIFile need not exist; they are watched.
	ConfigFile      string
	DatabaseURIFile string
	// WebhookSecretDir has what signs events for the webhook; it need not exist, and is
	// read anew for each request.
	WebhookSecretDir string
	// XAPISecretDir has what the LRS knows us by, in the same way.
	XAPISecretDir string
	// InjectedConfig is the configuration of the moment when the pod was injected,
	// as the file has it; empty if there is none.
	InjectedConfig string
	// Spool is the directory of the buffer.
	Spool string
	// Listen is the address of the write API, which must be loopback.
	Listen string
	// StatusListen is the address of the read-only port.
	StatusListen string
	// PeersAddress is where the sidecar listens for the others of its database; zero
	// for nowhere.
	PeersAddress netip.AddrPort
	// TerminationLog gets one line at the end; empty for none.
	TerminationLog string
	// GracePeriod is the time between the end of ctx, or the call of prestop if
	// that came before, and the moment when the process is killed.
	GracePeriod time.Duration
	// Pprof is the loopback address to serve profiles on; empty for none.
	Pprof string
	// Log gets JSON lines.
	Log io.Writer
}

// requireLoopback refuses an address that others than this machine can reach.
func requireLoopback(what, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s %q: it must be an address such as 127.0.0.1:8787: %w", what, address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s %q: it must be a loopback address such as 127.0.0.1:8787, "+
			"since whoever reaches it can write any learner's progress", what, address)
	}
	return nil
}
