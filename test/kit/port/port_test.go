package port

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
)

const (
	childVariable = "PORT_TEST_CHILD"
	many          = 200
)

// TestNoPortIsGivenTwice has several processes ask at once, and several callers
// in one of them: two programs with one port are a test that fails now and then.
func TestNoPortIsGivenTwice(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		for range many {
			port, err := Free()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println("port", port)
		}
		_, _ = io.ReadAll(os.Stdin) // it keeps its ports until the others have theirs
		return
	}
	const children, callers = 3, 4
	given := make(chan int, (children+callers)*many)
	var asked sync.WaitGroup
	for range children {
		command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		command.Env = append(os.Environ(), childVariable+"=1")
		input, err := command.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = input.Close() // which ends it
			if err := command.Wait(); err != nil {
				t.Error(err)
			}
		})
		asked.Go(func() {
			lines := bufio.NewScanner(output)
			for n := 0; n < many && lines.Scan(); {
				var port int
				if _, err := fmt.Sscanf(lines.Text(), "port %d", &port); err == nil {
					given <- port
					n++
				}
			}
		})
	}
	for range callers {
		asked.Go(func() {
			for range many {
				port, err := Free()
				if err != nil {
					t.Error(err)
					return
				}
				given <- port
			}
		})
	}
	asked.Wait()
	close(given)
	seen := map[int]bool{}
	for port := range given {
		if seen[port] {
			t.Errorf("port %d was given twice", port)
		}
		seen[port] = true
		if port < lowest || port > highest {
			t.Errorf("port %d is outside of the range", port)
		}
	}
	if len(seen) != (children+callers)*many {
		t.Errorf("%d ports for %d", len(seen), (children+callers)*many)
	}
}

func TestTheUsualPortIsTakenWhereItIsFree(t *testing.T) {
	usual, err := Free() // nobody else takes it meanwhile
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address(usual))
	if err != nil {
		t.Fatal(err)
	}
	if port, err := Usual(usual); err != nil || port == usual {
		t.Errorf("of a port that is in use: %d, %v", port, err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if port, err := Usual(usual); err != nil || port != usual {
		t.Errorf("of a free port: %d, want %d, %v", port, usual, err)
	}
}
