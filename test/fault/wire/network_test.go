package wire

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// called is a sidecar with a line to it, and a client that has called there.
func called(t *testing.T, n *Network, name string) (client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address, err := n.Join(name, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if client, err = net.Dial("tcp", address); err != nil {
		t.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{client, server} {
		t.Cleanup(func() { _ = c.Close() }) // some are closed already
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	}
	return client, server
}

// networkOf has one caller, a.
func networkOf(t *testing.T) *Network {
	t.Helper()
	n := NewNetwork(func(_, _ net.Addr) string { return "a" })
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func mustHear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("heard %q, %v; want %q", got, err, want)
	}
}

func mustHearNothing(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("something got through")
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsLostIsLostInOneDirectionAndArrivesLate(t *testing.T) {
	n := networkOf(t)
	b, atB := called(t, n, "b")
	c, atC := called(t, n, "c")
	n.Lose("a", "b")
	write(t, b, "question")
	write(t, c, "question")
	mustHear(t, atC, "question")
	write(t, atB, "answer")
	mustHear(t, b, "answer")
	mustHearNothing(t, atB)
	n.Restore("a", "b")
	mustHear(t, atB, "question")
}

func TestASidecarIsLostToEverybody(t *testing.T) {
	n := networkOf(t)
	b, atB := called(t, n, "b")
	n.Lose("b", "")
	write(t, atB, "answer")
	mustHearNothing(t, b)
	n.Restore("b", "")
	mustHear(t, b, "answer")
	n.Lose("", "b")
	write(t, b, "question")
	mustHearNothing(t, atB)
}

func TestConnectionsBetweenTwoAreCut(t *testing.T) {
	n := networkOf(t)
	b, _ := called(t, n, "b")
	c, atC := called(t, n, "c")
	n.Cut("b", "a") // whoever has called
	if _, err := b.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
	write(t, c, "question")
	mustHear(t, atC, "question")
}

func TestTheAnswerToABatchIsCaught(t *testing.T) {
	n := networkOf(t)
	b, atB := called(t, n, "b")
	catch := n.Catch("b")
	write(t, b, "hello")
	mustHear(t, atB, "hello")
	write(t, atB, "hello")
	mustHear(t, b, "hello")
	batch, answer := strings.Repeat("x", leastBatch), strings.Repeat("y", leastAnswer)
	write(t, b, batch)
	<-catch.Batch
	mustHear(t, atB, batch)
	write(t, atB, answer)
	<-catch.Answer
	mustHearNothing(t, b)
	catch.Release()
	mustHear(t, b, answer)
	if n.Batches() != 1 {
		t.Errorf("%d batches", n.Batches())
	}
}
