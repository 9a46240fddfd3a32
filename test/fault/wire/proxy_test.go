package wire

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

// line is a client and a server with a proxy between.
func line(t *testing.T) (p *Proxy, client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if p, err = Start(listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	if client, err = net.Dial("tcp", p.Address()); err != nil {
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
	return p, client, server
}

// messages are of the given types and hold nothing.
func messages(types string) []byte {
	var b []byte
	for _, kind := range []byte(types) {
		b = binary.BigEndian.AppendUint32(append(b, kind), 4)
	}
	return b
}

func say(t *testing.T, c net.Conn, types string) {
	t.Helper()
	if _, err := c.Write(messages(types)); err != nil {
		t.Fatal(err)
	}
}

// hear returns the types of the messages up to so many, or to the end.
func hear(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	b := make([]byte, n*headLength)
	read, err := io.ReadFull(c, b)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	var types string
	for i := 0; i < read; i += headLength {
		types += string(b[i])
	}
	return types
}

func TestTheAnswerToAWriteIsSwallowedOnceArmed(t *testing.T) {
	p, client, server := line(t)
	say(t, server, "RZ") // the session starts
	say(t, server, "CCZ")
	if got := hear(t, client, 5); got != "RZCCZ" {
		t.Fatalf("unarmed, the client hears %q", got)
	}
	p.Arm()
	say(t, server, "CZ")   // a read
	say(t, server, "CECZ") // a write that failed
	say(t, server, "TDCTDCZ")
	if got := hear(t, client, 100); got != "CZCECZ" {
		t.Errorf("armed, the client hears %q", got)
	}
	if p.Cuts() != 1 {
		t.Errorf("%d cuts", p.Cuts())
	}
}

func TestAConnectionIsCutBehindAnError(t *testing.T) {
	p, client, server := line(t)
	p.CutRefusals(1)
	say(t, server, "RZ")
	say(t, server, "CCZ") // the first batch of a round is written
	say(t, server, "CEZ") // the second is refused
	say(t, server, "CCZ")
	if got := hear(t, client, 100); got != "RZCCZCE" {
		t.Errorf("the client hears %q", got)
	}
}

func TestASessionThatStartsIsNotHeldBack(t *testing.T) {
	p, client, server := line(t)
	p.Arm()
	say(t, server, "R")
	if got := hear(t, client, 1); got != "R" {
		t.Errorf("the client hears %q", got)
	}
	p.Disarm()
	say(t, server, "ZCCZ")
	if got := hear(t, client, 4); got != "ZCCZ" || p.Cuts() != 0 {
		t.Errorf("disarmed, the client hears %q, %d cuts", got, p.Cuts())
	}
}

func TestAStalledLineHoldsWhatIsSaidUntilItIsResumedOrCut(t *testing.T) {
	p, client, server := line(t)
	p.Stall()
	say(t, server, "Z")
	say(t, client, "Q")
	if err := client.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("a stalled line passes something on")
	}
	if err := client.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	p.Resume()
	if got := hear(t, client, 1) + hear(t, server, 1); got != "ZQ" {
		t.Errorf("resumed, the ends hear %q", got)
	}
	p.Stall()
	say(t, server, "Z")
	p.Cut()
	if got := hear(t, client, 1); got != "" {
		t.Errorf("cut, the client hears %q", got)
	}
}
