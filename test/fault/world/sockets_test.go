package world

import (
	"net"
	"os"
	"testing"
)

func TestWhoHasOpenedAConnectionIsFoundByItsSocket(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	socket, ok := socketOf(server.RemoteAddr(), server.LocalAddr())
	if !ok || !holds(os.Getpid(), socket) {
		t.Errorf("the socket %q (%t) is not found in this process", socket, ok)
	}
	if os.Getppid() > 1 && holds(os.Getppid(), socket) {
		t.Error("another process has it")
	}
	if other, ok := socketOf(server.LocalAddr(), server.RemoteAddr()); ok && other == socket {
		t.Error("the socket of the one who was called is taken for the caller's")
	}
	if _, ok := socketOf(listener.Addr(), listener.Addr()); ok {
		t.Error("a connection is found that nobody has opened")
	}
}
