package world

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
)

// connect gives a sidecar an address for its peers and a line to it.
func (w *World) connect(s *Sidecar, o *sidecar.Options) error {
	free, err := port.Free()
	if err != nil {
		return err
	}
	called, err := w.Network.Join(s.Name, net.JoinHostPort("127.0.0.1", strconv.Itoa(free)))
	if err != nil {
		return err
	}
	line, err := netip.ParseAddrPort(called)
	if err != nil {
		return fmt.Errorf("reading a line's address: %w", err)
	}
	s.port, s.line = free, int(line.Port())
	o.Env = []string{config.PodIPVariable + "=127.0.0.1", config.PeersPortVariable + "=" + strconv.Itoa(free)}
	o.Grace = memberGrace
	if s.otherVersion {
		o.Program = w.options.OtherVersion
	}
	return nil
}

// detourSQL makes the registry say that peers are reached by way of the network.
func (w *World) detourSQL() string {
	var cases strings.Builder
	for _, s := range w.Sidecars {
		if s.Service != "" {
			fmt.Fprintf(&cases, " WHEN %d THEN %d", s.port, s.line)
		}
	}
	return `;
CREATE FUNCTION campus.detour() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN NEW.port := CASE NEW.port` + cases.String() + ` ELSE NEW.port END; RETURN NEW; END $$;
CREATE TRIGGER detour BEFORE INSERT OR UPDATE ON progress_sync.sidecars FOR EACH ROW EXECUTE FUNCTION campus.detour()`
}
