package coding_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
)

// update is one as the browser package sends it, the n-th of a lesson.
func update(n int) string {
	return fmt.Sprintf(`{"eventId":"%08x-5b1c-4c0e-9d53-7a0f4e1c%04d","userId":"learner-20417","courseId":"distributed-systems-2026",`+
		`"lessonId":"week-3-consensus","moduleId":"week-3","currentTime":%.3f,"duration":1243.52,"percentage":%.3f,"watchedDelta":29.%d3,`+
		`"playbackSpeed":1.25,"occurredAt":%d,"sentAt":%d}`,
		0x9e3779b9*uint32(n+1), n*37%10000, 30.25*float64(n+1), 2.433*float64(n+1), n%9, 1793000000000+30000*n, 1793000000000+30000*n+41)
}

// BenchmarkUnpack reports how much smaller arrays of updates are when they are packed.
func BenchmarkUnpack(b *testing.B) {
	for _, n := range []int{1, 2, 10, 120} {
		updates := make([]string, n)
		for i := range updates {
			updates[i] = update(i)
		}
		body := []byte("[" + strings.Join(updates, ",") + "]")
		for _, p := range []packer{{"gzip", coding.Gzip, gzipped}, {"zstd", coding.Zstd, sized}} {
			b.Run(fmt.Sprintf("updates=%d/%s", n, p.name), func(b *testing.B) {
				packed := p.pack(b, body)
				into := make([]byte, 0, 2*len(body))
				var u coding.Unpacker
				for b.Loop() {
					if _, err := u.Unpack(p.coding, packed, into, coding.Limit{Bytes: 1 << 20, Grant: anyRoom}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(body)), "B/body")
				b.ReportMetric(float64(len(packed)), "B/packed")
			})
		}
	}
}
