package ingest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct {
	header http.Header
	code   int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(code int)        { n.code = code }

// BenchmarkPost is the handler with a real buffer on a disk of memory, without
// net/http and the network.
func BenchmarkPost(b *testing.B) {
	for _, n := range []int{1, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			spool, err := buffer.Open(buffer.Options{Dir: "spool", FS: disktest.New(), FreeBytes: func(string) (uint64, error) { return 1 << 40, nil }})
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := spool.Close(); err != nil {
					b.Error(err)
				}
			}()
			s := state.New(state.Options{})
			s.Attach(spool, func() int { return 0 })
			h := New(Options{Buffer: spool, Syncer: &fakeSyncer{}, Reader: &fakeReader{}, State: s, Limits: LimitsOf(config.Default())})
			var bodies []string
			now := time.Now().Format(time.RFC3339Nano)
			for learner := range 100 {
				items := make([]string, n)
				for i := range items {
					items[i] = fmt.Sprintf(`{"userId":"learner-%d","courseId":"course-7","lessonId":"lesson-%d","moduleId":"module-3",`+
						`"currentTime":123.456,"duration":600,"watchedDelta":5,"pauseEvents":1,"playbackSpeed":1.25,`+
						`"occurredAt":%q}`, learner, i, now)
				}
				body := strings.Join(items, ",")
				if n > 1 {
					body = "[" + body + "]"
				}
				bodies = append(bodies, body)
			}
			request := httptest.NewRequest(http.MethodPost, "/v1/progress", nil)
			request.Host = "127.0.0.1:8787"
			reader := strings.NewReader("")
			request.Body = io.NopCloser(reader)
			w := &nowhere{header: http.Header{}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				body := bodies[i%len(bodies)]
				reader.Reset(body)
				request.ContentLength = int64(len(body))
				h.ServeHTTP(w, request)
				if w.code != http.StatusOK {
					b.Fatal(w.code)
				}
			}
		})
	}
}
