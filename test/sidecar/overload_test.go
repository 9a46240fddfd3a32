package sidecar

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// The limits of a sidecar that the operator injects: 256 MiB, of which Go gets
// nine tenths.
const (
	containerMemory = 256 << 20
	goMemory        = "GOMEMLIMIT=241591910"
)

// peakMemory is the most that the process has had in memory so far.
func (p *process) peakMemory(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process().PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("the system does not tell how much memory a process takes")
	return 0
}

// TestAnOverloadStaysInItsMemory sends far more than there is room for while
// the database takes nothing: new lessons only, in the largest bodies, from
// more clients than may be served at once, beside clients that send nothing.
func TestAnOverloadStaysInItsMemory(t *testing.T) {
	t.Parallel()
	const (
		limit    = 20_000 // pending records
		clients  = 64
		requests = 40
		items    = 500
	)
	p := newProcessWith(t, sidecar.Options{
		Configuration: fmt.Sprintf(`{"buffer":{"maxPendingRecords":%d},"sync":{"interval":"1s","batchSize":500},"ingest":{"maxConcurrent":32}}`, limit),
		Env:           []string{goMemory},
	})
	p.start(t)

	var slow []net.Conn
	for range 100 {
		conn, err := net.Dial("tcp", p.API())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n["); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
	}

	var mu sync.Mutex
	answers := map[int]int{}
	var complaints []string
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for request := range requests {
				var body bytes.Buffer
				for i := range items {
					body.WriteString([]string{"[", ","}[min(i, 1)])
					fmt.Fprintf(&body, `{"userId":"user-%d-%d","courseId":"c","lessonId":"lesson-%d","moduleId":"%0200d","currentTime":%d}`,
						client, request, i, i, i)
				}
				body.WriteString("]")
				code, header, err := p.send(&body)
				mu.Lock()
				answers[code]++
				refused := code == 207 || code == 429 || code == 503 || code == 507
				if err != nil || code != 200 && (!refused || header.Get("Retry-After") == "") {
					complaints = append(complaints, fmt.Sprintf("status %d, Retry-After %q, %v", code, header.Get("Retry-After"), err))
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if len(complaints) > 0 {
		t.Errorf("%d answers were unclear, the first: %s", len(complaints), complaints[0])
	}
	d := p.document(t)
	t.Logf("answers by status %v, accepted %d, rejected %d, peak %d MiB",
		answers, d.Counters.UpdatesAccepted, d.Counters.UpdatesRejected, p.peakMemory(t)>>20)
	if d.Sync.PendingRecords > limit || d.Counters.UpdatesAccepted < limit/2 || d.Counters.UpdatesRejected < 10*limit {
		t.Errorf("that was no overload, or it was not kept out: %+v", d)
	}
	if peak := p.peakMemory(t); peak >= containerMemory {
		t.Errorf("it took %d MiB of memory, its container has %d", peak>>20, containerMemory>>20)
	}

	for _, conn := range slow {
		if err := conn.SetReadDeadline(time.Now().Add(kit.Patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Fatalf("a slow client was not cut off: %v", err)
		}
	}
	p.setURI(t, pgtest.Database(t))
	p.await(t, "all that was accepted to be saved", func(d status.Document) bool {
		return d.Sync.PendingUpdates == 0 && d.Counters.RowsWritten == d.Counters.UpdatesAccepted && d.Accepting
	})
	p.post(t, update)
}

// send posts a body and reads the answer away.
func (p *process) send(body io.Reader) (int, http.Header, error) {
	response, err := p.Client.Post(p.URL("/v1/progress"), "application/json", body)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Header, err
}
