package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"testing"

	"golang.org/x/sync/errgroup"
)

// A meter that saw one direction would call the registry half as dear as it is.
func TestAMeterCountsTheBytesOfBothDirections(t *testing.T) {
	database, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	const question, answer = "who is there?", "nobody"
	var served errgroup.Group
	served.Go(func() error {
		conn, err := database.Accept()
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := io.ReadFull(conn, make([]byte, len(question))); err != nil {
			return err
		}
		_, err = io.WriteString(conn, answer)
		return err
	})
	m, through, err := startMeter(t.Context(), fmt.Sprintf("postgres://somebody@%s/some?sslmode=disable", database.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	uri, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", uri.Host)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, question); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != answer {
		t.Fatalf("got %q, %v", got, err)
	}
	_ = conn.Close()
	if err := served.Wait(); err != nil {
		t.Error(err)
	}
	m.close()
	if got, want := m.bytes.Load(), int64(len(question)+len(answer)); got != want {
		t.Errorf("counted %d bytes of %d", got, want)
	}
}
