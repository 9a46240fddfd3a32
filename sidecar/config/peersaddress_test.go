package config_test

import (
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

func TestWhereASidecarListensForOthers(t *testing.T) {
	for name, c := range map[string]struct{ ip, port, want, says string }{
		"a pod with IPv4":                          {"10.0.0.7", "9788", "10.0.0.7:9788", ""},
		"a pod with IPv6":                          {"fd00::7", "9788", "[fd00::7]:9788", ""},
		"an IPv4 address in the form of IPv6":      {"::ffff:10.0.0.7", "65535", "10.0.0.7:65535", ""},
		"a sidecar without peers":                  {"", "", "", ""},
		"a port without an address":                {"", "9788", "", `POD_IP is ""`},
		"an address without a port":                {"10.0.0.7", "", "", `PROGRESS_SYNC_PEERS_PORT is ""`},
		"all addresses, which no other can reach":  {"0.0.0.0", "9788", "", `POD_IP is "0.0.0.0"`},
		"a link-local address, good on one node":   {"fe80::1%eth0", "9788", "", "POD_IP"},
		"a name":                                   {"localhost", "9788", "", "such as 10.0.0.7"},
		"a port that needs rights":                 {"10.0.0.7", "443", "", "from 1024 to 65535"},
		"a port that there is not":                 {"10.0.0.7", "65536", "", "from 1024 to 65535"},
		"a reference that nobody put a value into": {"$(POD_IP)", "9788", "", "POD_IP"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := config.PeersAddress(c.ip, c.port)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s, %v", got, err)
				}
				return
			}
			if err != nil || got.IsValid() != (c.want != "") || got.IsValid() && got.String() != c.want {
				t.Errorf("%s, %v; want %q", got, err, c.want)
			}
		})
	}
}
