package front_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/front"
)

// BenchmarkPlainRequest is one exchange over a loopback connection, client
// included.
func BenchmarkPlainRequest(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	request := []byte(post("5", "Content-Type: application/json", "Prefer: return=minimal", "User-Agent: lms/1", "Accept: */*") + "hello")
	for name, start := range map[string]func() server{
		"front":    func() server { return front.New(settings(handler), refuser{}, plainPath) },
		"net_http": func() server { return settings(handler) },
	} {
		b.Run(name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			serveOn(b, start(), l)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				c, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					b.Error(err)
					return
				}
				defer func() { _ = c.Close() }()
				in := bufio.NewReader(c)
				for pb.Next() {
					if _, err := c.Write(request); err != nil {
						b.Error(err)
						return
					}
					for line := []byte{0}; len(line) > len("\r\n") || line[0] == 0; {
						if line, err = in.ReadSlice('\n'); err != nil {
							b.Error(err)
							return
						}
					}
				}
			})
		})
	}
}
