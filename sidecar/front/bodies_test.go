package front_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/front"
)

// folder makes what is PUT below it plain.
const folder = "/v1/courses/"

// What a handler leaves of a body must not be read as a request, by which a client
// could send one that a proxy has not checked.
func TestWhatIsLeftOfABodyIsNotARequest(t *testing.T) {
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	chunk := func(size int) string { return fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("a", size)) }
	to := func(path, fields string) string {
		method := "POST"
		if strings.HasPrefix(path, folder) {
			method = "PUT"
		}
		return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n\r\n"
	}
	for name, sent := range map[string]string{
		"a body":                      fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(smuggled), smuggled),
		"a body beyond the buffer":    fmt.Sprintf("Content-Length: %d\r\n\r\n%s%s", 50_000+len(smuggled), strings.Repeat("a", 50_000), smuggled),
		"a body that nobody reads on": fmt.Sprintf("Content-Length: %d\r\n\r\n%s%s", 900_000+len(smuggled), strings.Repeat("a", 900_000), smuggled),
		"chunks":                      "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		"many chunks":                 "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat(chunk(9000), 100) + smuggled,
		"a chunk that is none":        "Transfer-Encoding: chunked\r\n\r\n\x00" + smuggled,
		"a chunk's end that is none":  "Transfer-Encoding: chunked\r\n\r\n1\r\na" + smuggled,
		"trailers that are none":      "Transfer-Encoding: chunked\r\n\r\n0\r\n" + smuggled,
	} {
		for _, path := range []string{plainPath, plainPath + "?a=b", "/v1/sync", folder + "a%2Fb"} {
			for reads := range 3 {
				t.Run(fmt.Sprintf("%s of %s, %d bytes read", name, path, reads), func(t *testing.T) {
					var handled []string
					s := front.New(settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						handled = append(handled, r.URL.Path)
						_, _ = r.Body.Read(make([]byte, reads))
						w.WriteHeader(http.StatusNoContent)
					})), refuser{}, plainPath, folder)
					fields, body, _ := strings.Cut(sent, "\r\n\r\n")
					all(t, serve(t, s), to(path, fields)+body)
					if err := s.Shutdown(t.Context()); err != nil {
						t.Fatal(err)
					}
					if len(handled) != 1 {
						t.Errorf("handled %v", handled)
					}
				})
			}
		}
	}
}

// A PUT that comes without its body would empty what it replaces.
func TestAPutHasItsBody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, front.New(settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %v", r.Method, r.URL.Path, body, err)
	})), refuser{}, plainPath, folder), l)
	defer http.DefaultClient.CloseIdleConnections()
	for _, c := range []struct{ method, path, want string }{
		{http.MethodPut, folder + "a", "PUT " + folder + "a hello <nil>"},
		{http.MethodPut, folder + "a%2Fb?c=d", "PUT " + folder + "a/b hello <nil>"},
		{http.MethodPut, plainPath, "PUT " + plainPath + " hello <nil>"},
		{http.MethodPost, folder, "POST " + folder + "  <nil>"},
		{http.MethodPost, plainPath, "POST " + plainPath + " hello <nil>"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+l.Addr().String()+c.path, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if string(got) != c.want {
			t.Errorf("%s %s: %s, want %s", c.method, c.path, got, c.want)
		}
	}
}

// A client that is refused must learn why, also one that sends all before it reads.
func TestTheAnswerToABodyThatIsTooLargeReachesItsClient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, front.New(settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 1000)
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})), refuser{}, plainPath), l)
	defer http.DefaultClient.CloseIdleConnections()
	for _, size := range []int{1 << 20, 8 << 20} {
		for range 20 {
			response, err := http.Post("http://"+l.Addr().String()+plainPath, "application/json", bytes.NewReader(make([]byte, size)))
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusRequestEntityTooLarge || !response.Close {
				t.Fatalf("got %s, and then the connection ends: %v", response.Status, response.Close)
			}
		}
	}
}

// A handler may keep what it was given: a learner's id becomes a key.
func TestWhatAHandlerKeepsOfARequestStaysAsItIs(t *testing.T) {
	type kept struct{ method, uri, path, query, user, host, value string }
	var mu sync.Mutex
	var all []kept
	address := serveFront(t, settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, kept{r.Method, r.RequestURI, r.URL.Path, r.URL.RawQuery, r.URL.Query().Get("userId"), r.Host, r.Header.Get("X-User")})
		w.WriteHeader(http.StatusNoContent)
	})))
	want := map[kept]bool{}
	var wg sync.WaitGroup
	for i := range 4 {
		c := connect(t, address)
		var sent strings.Builder
		const requests = 50
		for j := range requests {
			user := fmt.Sprintf("%d-%d-%s", i, j, strings.Repeat("x", j%5))
			path := []string{"/v1/users/" + user, plainPath, "/v1/sync"}[j%3]
			k := kept{[]string{"DELETE", "POST", "GET"}[j%3], path + "?userId=" + user, path, "userId=" + user, user, "host-" + user, user}
			want[k] = true
			sent.WriteString(k.method + " " + k.uri + " HTTP/1.1\r\nHost: " + k.host + "\r\nX-User: " + user + "\r\nContent-Length: 0\r\n\r\n")
		}
		wg.Go(func() {
			c.send(sent.String())
			for range requests {
				c.answer()
			}
		})
	}
	wg.Wait()
	for _, k := range all {
		if !want[k] {
			t.Errorf("nobody sent %+v", k)
		}
		delete(want, k)
	}
	if len(want) > 0 {
		t.Errorf("%d requests are missing", len(want))
	}
}

func TestABodyThatWouldBeRefusedIsNotAskedFor(t *testing.T) {
	handled := false
	address := serveFront(t, settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handled = true
		echo(w, r)
	})))
	for _, test := range []struct{ sent, status, text string }{
		{post("2000000", "Expect: 100-continue"), "413 Request Entity Too Large", unread},
		{strings.Replace(bothLengths, "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1), "400 Bad Request", refused},
	} {
		c := connect(t, address)
		c.send(test.sent)
		if a := c.answer(); a.status != test.status || !a.last || a.text != test.text {
			t.Errorf("%q got %+v", test.sent, a)
		}
		c.expectEnd()
	}
	if handled {
		t.Error("a handler got it all the same")
	}
	c := connect(t, address)
	c.send("PUT /v1/sync HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
	if a := c.answer(); a.status != "200 OK" || !a.last || !handled {
		t.Errorf("a path that reads no body got %+v", a)
	}
	c.expectEnd()
}

func TestTooLongAHeadIsRefused(t *testing.T) {
	for name, sent := range map[string]string{
		"a field":     post("2", "X-User: "+strings.Repeat("a", 17<<10)) + "hi",
		"many fields": post("2", strings.Split(strings.Repeat("X-User: a|", 2<<10)+"B: 2", "|")...) + "hi",
		"a path":      "GET /" + strings.Repeat("a", 17<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, serveFront(t, settings(http.HandlerFunc(echo))))
			c.send(sent)
			if a := c.answer(); a.status != "431 Request Header Fields Too Large" || !a.last {
				t.Errorf("got %+v", a)
			}
			c.expectEnd()
		})
	}
}
