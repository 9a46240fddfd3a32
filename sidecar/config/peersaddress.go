package config

import (
	"fmt"
	"net/netip"
	"strconv"
)

// Environment variables in which the operator tells a sidecar where it listens for
// others. An older sidecar does not know them and ignores them.
const (
	// PodIPVariable has the pod's address, IPv4 or IPv6.
	PodIPVariable = "POD_IP"
	// PeersPortVariable has the port. A pod that uses the port itself has none, and
	// neither has one that an older operator injected.
	PeersPortVariable = "PROGRESS_SYNC_PEERS_PORT"
)

// PeersAddress is where the sidecar listens for others, by the values of the two
// variables. Without both it is the zero AddrPort, and the sidecar has no peers.
func PeersAddress(podIP, port string) (netip.AddrPort, error) {
	if podIP == "" && port == "" {
		return netip.AddrPort{}, nil
	}
	ip, err := netip.ParseAddr(podIP)
	if err != nil || ip.IsUnspecified() || ip.Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("%s is %q; it must be the address of the pod, such as 10.0.0.7", PodIPVariable, podIP)
	}
	const least = 1024 // the sidecar is not root
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number < least {
		return netip.AddrPort{}, fmt.Errorf("%s is %q; it must be a port from %d to 65535", PeersPortVariable, port, least)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}
