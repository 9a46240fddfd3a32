package sidecar

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// Whoever is on the pod network can open connections, and keep them open.
func TestConnectionsOfStrangersKeepNoMemberOut(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p, address := guarded(t, uri)
	keys, fingerprints := newKeys(t)
	register(t, uri, 1, fingerprints, true)
	newCaller(t, address, keys).awaitKnown(t, p)
	before := refusals(t, p)
	const strangers = 300 // several times what two members and the strangers may have
	for range strangers {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if status, refused, err := newCaller(t, address, keys).hello(t); status != http.StatusNoContent {
		t.Error("a member that connects meanwhile is answered with", status, refused, err)
	}
	kit.Eventually(t, "all strangers to be refused and counted", func() error {
		after := refusals(t, p)
		crowded := after[wire.RefusedConnections] - before[wire.RefusedConnections]
		silent := after[wire.RefusedHandshake] - before[wire.RefusedHandshake]
		return kit.Unless(crowded > strangers/2 && crowded+silent == strangers, after)
	})
	tookNothing(t, p)
}

// resets is what a client sends that makes a server of HTTP/2 begin requests which it
// then gives up, thousands at a time (CVE-2023-44487).
func resets() []byte {
	const settings, headers, reset, ended = 4, 1, 3, 4 | 1
	var b bytes.Buffer
	frame := func(kind, flags byte, stream uint32, payload []byte) {
		b.Write([]byte{0, 0, byte(len(payload)), kind, flags})
		b.Write(binary.BigEndian.AppendUint32(nil, stream))
		b.Write(payload)
	}
	b.WriteString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	frame(settings, 0, 0, nil)
	for i := range uint32(5000) {
		// GET https://x/ in the words of RFC 7541.
		frame(headers, ended, 2*i+1, []byte{0x82, 0x87, 0x84, 0x41, 1, 'x'})
		frame(reset, 0, 2*i+1, []byte{0, 0, 0, 8})
	}
	return b.Bytes()
}

func TestRequestsOfAStrangerThatAreResetReachNoServer(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p, address := guarded(t, uri)
	keys, fingerprints := newKeys(t)
	register(t, uri, 1, fingerprints, true)
	member := newCaller(t, address, keys)
	member.awaitKnown(t, p)
	before := refusals(t, p)
	const strangers = 20
	var attacks sync.WaitGroup
	for range strangers {
		stranger, _ := newKeys(t)
		attacks.Go(func() { reset(t, address, stranger) })
	}
	for number := range uint64(50) {
		if status, refused, err := member.send(member.request(t, batchOf(number+1))); status != http.StatusOK {
			t.Fatal("meanwhile a member's batch is answered with", status, refused, err)
		}
	}
	attacks.Wait()
	before.await(t, p, "the attacks", map[string]int{wire.RefusedUnregistered: strangers})
	if n := p.document(t).Counters.UpdatesAccepted; n != 50 {
		t.Errorf("%d updates were accepted, want 50", n)
	}
}

// reset sends resets without waiting to be let in.
func reset(t *testing.T, address string, keys *identity.Identity) {
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	secured := tls.Client(conn, keys.Client(func(members.Fingerprint) bool { return true }))
	if err := secured.HandshakeContext(t.Context()); err != nil {
		t.Error(fmt.Errorf("the client's part of TLS: %w", err))
		return
	}
	if _, err := secured.Write(resets()); err == nil {
		_, err = secured.Read(make([]byte, 1))
		if err == nil {
			t.Error("the server answers")
		}
	}
}
