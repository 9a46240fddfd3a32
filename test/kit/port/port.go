// Package port finds ports of the loopback address for programs that have to be
// told theirs: because they can't say which one the kernel gave them, because
// somebody has to know it before they start, or because they are started again on
// it. Whoever can listen on port 0 and say where needs none of this.
//
// A port is claimed for as long as the process lives that asked for it, so no two
// processes, and no two callers in one, are given the same. It lies below the
// range from which the kernel takes ports for outgoing connections: one of those
// could take the port of a program while that is started again.
package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// The range ends below that of a Kubernetes node's services.
const (
	lowest  = 20_000
	highest = 29_999
)

// Free claims a port that nobody listens on.
func Free() (int, error) {
	const count = highest - lowest + 1
	start := rand.IntN(count)
	for i := range count {
		port := lowest + (start+i)%count
		free, err := claim(port)
		if err != nil {
			return 0, err
		}
		if free && listens(port) == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("finding a free port: none is left from %d to %d", lowest, highest)
}

// FreeAddress is the loopback address with a port of Free.
func FreeAddress() (string, error) {
	port, err := Free()
	return address(port), err
}

// Usual is the port that people know, or one of Free if somebody listens there.
func Usual(port int) (int, error) {
	if listens(port) == nil {
		return port, nil
	}
	return Free()
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// listens tries a port and leaves it.
func listens(port int) error {
	listener, err := net.Listen("tcp", address(port))
	if err != nil {
		return err
	}
	return listener.Close()
}

// claim takes a port's name among the kernel's abstract sockets, which gives it
// back when the process ends, however that ends. False means that another has it.
func claim(port int) (bool, error) {
	// The socket stays open; programs that are started must not inherit it.
	socket, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, fmt.Errorf("claiming a port: %w", err)
	}
	err = syscall.Bind(socket, &syscall.SockaddrUnix{Name: "@progress-sync/port/" + strconv.Itoa(port)})
	if err == nil {
		return true, nil
	}
	err = errors.Join(err, syscall.Close(socket))
	if errors.Is(err, syscall.EADDRINUSE) {
		return false, nil
	}
	return false, fmt.Errorf("claiming a port: %w", err)
}
