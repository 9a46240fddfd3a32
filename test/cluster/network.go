package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
)

const forwarding = "/proc/sys/net/ipv4/ip_forward"

// nftTables are what kube-proxy makes; their name can't be chosen, so two
// clusters can't share a network namespace.
func nftTables(ctx context.Context) ([]string, error) {
	listing, err := run(ctx, "nft", "list", "tables")
	if err != nil {
		return nil, err
	}
	var tables []string
	for line := range strings.Lines(listing) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[2] == "kube-proxy" {
			tables = append(tables, fields[1]+" kube-proxy")
		}
	}
	return tables, nil
}

// checkAddresses refuses to start where something else uses the addresses.
func (o Options) checkAddresses(ctx context.Context) error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("listing network interfaces: %w", err)
	}
	if slices.ContainsFunc(interfaces, func(i net.Interface) bool { return i.Name == o.bridge() }) {
		return fmt.Errorf("a network interface %s is there already, perhaps of another clone's cluster; "+
			"end that one, or set PROGRESS_SYNC_CLUSTER_NUMBER to another number", o.bridge())
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("listing network addresses: %w", err)
	}
	for _, wanted := range []string{o.PodRange(), o.serviceRange()} {
		_, want, err := net.ParseCIDR(wanted)
		if err != nil {
			return fmt.Errorf("reading the range %s: %w", wanted, err)
		}
		for _, address := range addresses {
			if have, ok := address.(*net.IPNet); ok && (want.Contains(have.IP) || have.Contains(want.IP)) {
				return fmt.Errorf("the range %s overlaps this machine's %s; set PROGRESS_SYNC_CLUSTER_NUMBER to another number", wanted, have)
			}
		}
	}
	tables, err := nftTables(ctx)
	if err != nil {
		return err
	}
	if len(tables) > 0 {
		return errors.New("another cluster's kube-proxy works on this machine (nft list tables); end that one first, or use it with KUBECONFIG")
	}
	return nil
}

// makeNetwork creates the bridge, which CNI takes over, and routes that keep
// packets on this machine: those for pods that are gone meet a route of last
// resort that swallows them, those for services that are gone end at the
// bridge.
func (o Options) makeNetwork(ctx context.Context) error {
	commands := [][]string{
		{"link", "add", o.bridge(), "type", "bridge"},
		// The alias tells whose bridge it is, should the run folder be lost.
		{"link", "set", o.bridge(), "alias", o.RunDir()},
		{"address", "add", o.Gateway() + "/24", "dev", o.bridge()},
		{"link", "set", o.bridge(), "up"},
		{"route", "add", "blackhole", o.PodRange(), "metric", "4096"},
		{"route", "add", o.serviceRange(), "dev", o.bridge()},
	}
	for _, args := range commands {
		if _, err := run(ctx, "ip", args...); err != nil {
			return fmt.Errorf("making the bridge: %w", err)
		}
	}
	if err := os.WriteFile(forwarding, []byte("1\n"), 0o644); err != nil {
		return fmt.Errorf("switching on IPv4 forwarding: %w", err)
	}
	return nil
}

// ownsBridge says whether a bridge of this run folder is there.
func (o Options) ownsBridge(ctx context.Context) bool {
	shown, err := run(ctx, "ip", "link", "show", "dev", o.bridge())
	return err == nil && strings.HasSuffix(strings.TrimSpace(shown), "alias "+o.RunDir())
}

// removeNetwork undoes makeNetwork and kube-proxy's work, as far as they were
// done.
func (o Options) removeNetwork(ctx context.Context) error {
	var failures []error
	left, err := o.networkLeftovers(ctx)
	if err != nil {
		return err
	}
	for _, l := range left {
		if _, err := run(ctx, l.remove[0], l.remove[1:]...); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// leftover is something that was found, and the command that removes it.
type leftover struct {
	what   string
	remove []string
}

func (o Options) networkLeftovers(ctx context.Context) ([]leftover, error) {
	var left []leftover
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("listing network interfaces: %w", err)
	}
	for _, i := range interfaces {
		if i.Name == o.bridge() {
			left = append(left, leftover{"bridge " + i.Name, []string{"ip", "link", "delete", i.Name}})
		}
	}
	routes, err := run(ctx, "ip", "-4", "route", "show", "type", "blackhole")
	if err != nil {
		return nil, err
	}
	if strings.Contains(routes, o.PodRange()+" ") {
		left = append(left, leftover{"route blackhole " + o.PodRange(), []string{"ip", "route", "delete", "blackhole", o.PodRange()}})
	}
	tables, err := nftTables(ctx)
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		family, name, _ := strings.Cut(table, " ")
		left = append(left, leftover{"nftables table " + table, []string{"nft", "delete", "table", family, name}})
	}
	return left, nil
}
