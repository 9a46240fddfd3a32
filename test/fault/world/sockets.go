package world

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// caller names the sidecar that has opened a connection, by the socket that it did it
// with; empty if that sidecar has ended.
func (w *World) caller(client, server net.Addr) string {
	socket, ok := socketOf(client, server)
	if !ok {
		return ""
	}
	for _, s := range w.Sidecars {
		if pid := s.pid(); pid != 0 && holds(pid, socket) {
			return s.Name
		}
	}
	return ""
}

func (s *Sidecar) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.PID()
}

// socketOf finds a socket in the kernel's table of TCP over IPv4, by its two ends.
func socketOf(local, remote net.Addr) (socket string, ok bool) {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return "", false
	}
	ends := inTable(local) + " " + inTable(remote)
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); {
		// Number, local and remote address, state, queues, timer, retransmits, user,
		// timeout, inode.
		fields := strings.Fields(lines.Text())
		const inode = 9
		if len(fields) > inode && fields[1]+" "+fields[2] == ends {
			return "socket:[" + fields[inode] + "]", true
		}
	}
	return "", false
}

// inTable is an address as the kernel writes it: bytes in the order of the machine.
func inTable(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil || !at.Addr().Is4() {
		return ""
	}
	b := at.Addr().As4()
	return fmt.Sprintf("%02X%02X%02X%02X:%04X", b[3], b[2], b[1], b[0], at.Port())
}

// holds reports whether a process has a socket open.
func holds(pid int, socket string) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	files, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, f := range files {
		if to, err := os.Readlink(filepath.Join(dir, f.Name())); err == nil && to == socket {
			return true
		}
	}
	return false
}
