package front_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/front"
)

const (
	bothLengths = "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	readState   = "GET /v1/sync HTTP/1.1\r\nHost: localhost\r\n\r\n"
	chunked     = "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
)

// overTCP sends bytes as they are, closes nothing, and returns what comes until
// the server ends the connection.
func overTCP(t *testing.T, address string, parts ...string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if _, err := io.WriteString(c, part); err != nil {
			break
		}
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("the connection was not ended in order: %v", err)
	}
	return string(answer)
}

func TestARequestWhoseEndCantBeToldIsRefusedAndItsConnectionEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	smuggled := readState
	handled := make(chan string, 100)
	serveOn(t, front.New(settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handled <- r.Method + " " + r.URL.Path
		echo(w, r)
	})), refuser{}, plainPath), l)
	for name, c := range map[string]struct {
		sent     string
		answered []string // before it
	}{
		"a length before the encoding":          {bothLengths + smuggled, nil},
		"an encoding before the length":         {strings.Replace(chunked, "\r\n\r\n", "\r\nContent-Length: 5\r\n\r\n", 1) + "0\r\n\r\n" + smuggled, nil},
		"names in odd case":                     {strings.NewReplacer("Content-Length", "cONTENT-lENGTH", "Transfer-Encoding: chunked", "tRANSFER-eNCODING:CHUNKED").Replace(bothLengths) + smuggled, nil},
		"a length of 0":                         {strings.Replace(bothLengths, ": 5", ": 0", 1) + smuggled, nil},
		"a read":                                {strings.Replace(bothLengths, "POST /v1/progress", "GET /v1/sync", 1) + smuggled, nil},
		"lines that end with LF only":           {strings.ReplaceAll(bothLengths, "\r\n", "\n") + smuggled, nil},
		"the second request, after a plain":     {post("2") + "hi" + bothLengths + smuggled, []string{"POST /v1/progress"}},
		"the second request, after a read":      {readState + bothLengths + smuggled, []string{"GET /v1/sync"}},
		"the second request, after chunks":      {chunked + "2;a=b\r\nhi\r\n0\r\nX-T: 1\r\n\r\n" + bothLengths + smuggled, []string{"POST /v1/progress"}},
		"the third request, after a long body":  {readState + post("70000") + strings.Repeat("a", 70000) + bothLengths, []string{"GET /v1/sync", "POST /v1/progress"}},
		"an encoding over HTTP/1.0":             {"POST /v1/progress HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, nil},
		"both over HTTP/1.0":                    {strings.Replace(bothLengths, "HTTP/1.1", "HTTP/1.0", 1) + smuggled, nil},
		"a folded encoding":                     {strings.Replace(bothLengths, "Transfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked", 1) + smuggled, nil},
		"an encoding folded into another field": {post("5", "X-A: a", "\tTransfer-Encoding: chunked") + "0\r\n\r\n" + smuggled, nil},
		"a length folded":                       {"POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-Length:\r\n 2\r\n\r\nhi" + smuggled, nil},
	} {
		for way, parts := range map[string][]string{
			"at once":       {c.sent},
			"byte for byte": strings.Split(c.sent, ""),
		} {
			if way == "byte for byte" && len(c.sent) > 10_000 {
				continue
			}
			t.Run(name+", "+way, func(t *testing.T) {
				answer := overTCP(t, l.Addr().String(), parts...)
				for _, want := range c.answered {
					if got := <-handled; got != want {
						t.Errorf("%s was handled, not %s", got, want)
					}
				}
				if len(handled) > 0 {
					t.Errorf("%s was handled", <-handled)
				}
				starts := statusLine().FindAllStringIndex(answer, -1)
				if len(starts) != len(c.answered)+1 {
					t.Fatalf("%d answers: %q", len(starts), answer)
				}
				head, body, _ := strings.Cut(answer[starts[len(c.answered)][0]:], "\r\n\r\n")
				if !strings.Contains(head, " 400 Bad Request\r\n") || !strings.Contains(head, "\r\nConnection: close") || body != refused {
					t.Errorf("the last answer is %q %q", head, body)
				}
			})
		}
	}
}

// What says one thing about its end stays as it was, and so does the connection.
func TestRequestsWithOneEndStayOnOneConnection(t *testing.T) {
	address := serveFront(t, settings(http.HandlerFunc(echo)))
	bodies := rapid.SampledFrom([]string{"", "a", "hello", strings.Repeat("x", 5000), "0\r\n\r\n", bothLengths, readState})
	rapid.Check(t, func(t *rapid.T) {
		var sent strings.Builder
		want := rapid.IntRange(1, 8).Draw(t, "requests")
		for range want {
			body := bodies.Draw(t, "body")
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				sent.WriteString(readState)
			case 1:
				sent.WriteString(post(strconv.Itoa(len(body))) + body)
			case 2: // not plain, with a length
				sent.WriteString(strings.Replace(post(strconv.Itoa(len(body))), "POST", "PUT", 1) + body)
			default:
				sent.WriteString(chunked)
				for len(body) > 0 {
					n := rapid.IntRange(1, len(body)).Draw(t, "chunk")
					sent.WriteString(strconv.FormatInt(int64(n), 16) + rapid.SampledFrom([]string{"", ";a=b"}).Draw(t, "extension") + "\r\n" + body[:n] + "\r\n")
					body = body[n:]
				}
				sent.WriteString("0\r\n" + rapid.SampledFrom([]string{"", "X-T: 1\r\n"}).Draw(t, "trailer") + "\r\n")
			}
		}
		text := sent.String()
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		answer := all(t, address, text[:cut], text[cut:])
		if got := strings.Count(answer, "HTTP/1.1 200 OK\r\n"); got != want {
			t.Fatalf("%d answers, want %d:\n%q", got, want, answer)
		}
	})
}
