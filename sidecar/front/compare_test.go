package front_test

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// statusLine begins an answer.
func statusLine() *regexp.Regexp { return regexp.MustCompile(`HTTP/1\.[01] (\d{3}) [A-Z]`) }

// handled is what a handler made of the requests in a stream of answers, and
// whether the last answer refuses one.
func handled(answers string) (requests []string, refused bool) {
	starts := statusLine().FindAllStringSubmatchIndex(answers, -1)
	for i, at := range starts {
		end := len(answers)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		status, text := answers[at[2]:at[3]], answers[at[0]:end]
		if status == "100" {
			continue
		}
		_, body, _ := strings.Cut(text, "\r\n\r\n")
		if refused = status[0] >= '4' && !strings.Contains(body, " fields "); !refused {
			requests = append(requests, status+" "+body)
		}
	}
	return requests, refused
}

// stricter reports whether front refuses what net/http lets a handler see.
func stricter(theirs, ours string) bool {
	want, _ := handled(theirs)
	got, refused := handled(ours)
	return refused && len(got) < len(want)
}

// differ compares what of a conversation reached the handler with net/http and
// with front, which may refuse what net/http lets pass, and ends the connection
// then.
func differ(theirs, ours string) string {
	want, _ := handled(theirs)
	got, refused := handled(ours)
	if refused && len(got) < len(want) {
		want = want[:len(got)]
	}
	return cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n"))
}

func post(length string, fields ...string) string {
	return "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\n" + strings.Join(append(fields, "Content-Length: "+length), "\r\n") + "\r\n\r\n"
}

// conversations are what clients send, in one write each.
var conversations = map[string]string{
	"nothing at all":                             "",
	"a plain request":                            post("5") + "hello",
	"a plain request of the other path":          "POST /v1/progress/complete HTTP/1.1\r\nHost: [::1]:8787\r\nContent-Length: 2\r\n\r\nhi",
	"a plain request without a body":             post("0"),
	"an answer without content":                  post("2", "X-Answer: nothing") + "hi",
	"an answer that is only a header":            post("2", "X-Answer: bare") + "hi",
	"another status":                             post("2", "X-Answer: status") + "hi",
	"an answer that ends the connection":         post("2", "X-Answer: last") + "hi" + post("2") + "no",
	"an answer of no declared type":              post("2", "X-Answer: untyped") + "hi",
	"a request that says keep-alive":             post("2", "Connection: Keep-Alive") + "hi",
	"a request that says close":                  post("2", "Connection: close") + "hi" + post("2") + "no",
	"fields in odd case and with spaces":         "POST /v1/progress HTTP/1.1\r\nhOST:127.0.0.1\r\ncontent-LENGTH:\t 2 \t\r\nprefer:  return=minimal \r\n\r\nhi",
	"a field with bytes beyond ASCII":            post("2", "X-User: j\xc3\xb6rg \xff") + "hi",
	"an empty field":                             post("2", "X-User:") + "hi",
	"the same field twice":                       post("2", "X-User: a", "X-User: b") + "hi",
	"the same field twice in two cases":          post("2", "X-User: a", "x-user: b") + "hi",
	"pipelined requests":                         post("2") + "hi" + post("3") + "you" + post("0"),
	"pipelined with fields that change":          post("2", "A: 1", "B: 2") + "hi" + post("2", "A: 1", "B: 3") + "hi" + post("2", "B: 1", "A: 2") + "hi" + post("2", "A: 1") + "hi",
	"pipelined with a field more":                post("2", "A: 1") + "hi" + post("2", "A: 1", "B: 3") + "hi" + post("2", "A: 1", "B: 3", "A: 4") + "hi",
	"pipelined with a read":                      post("2") + "hi" + "GET /v1/sync HTTP/1.1\r\nHost: localhost\r\n\r\n" + post("2") + "hi",
	"pipelined with a malformed request":         post("2") + "hi" + "POST /v1/progress HTTP/1.1\r\n bad\r\n\r\n" + post("2") + "hi",
	"line ends between requests":                 post("2") + "hi\r\n" + post("2") + "hi",
	"more body than announced":                   post("2") + "hello",
	"less body than announced":                   post("9") + "hello",
	"half a head":                                "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\n",
	"half a first line":                          "POST /v1/prog",
	"a PUT":                                      strings.Replace(post("2"), "POST", "PUT", 1) + "hi" + post("2") + "hi",
	"a PUT of another path":                      "PUT /v1/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi" + post("2") + "hi",
	"a query":                                    "POST /v1/progress?a=b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
	"an escaped path":                            "POST /v1/%70rogress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
	"an absolute target":                         "POST http://evil/v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
	"HTTP/1.0":                                   "POST /v1/progress HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
	"HTTP/1.0 that stays":                        "POST /v1/progress HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
	"HTTP/2.0":                                   "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"a version of another form":                  "POST /v1/progress HTTP/1.10\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
	"HEAD":                                       "HEAD /v1/progress HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"another method":                             "DELETE /v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
	"a method in small letters":                  "post /v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
	"no length":                                  "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"chunks":                                     "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	"chunks and a length":                        "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + post("2") + "hi",
	"a length and chunks":                        "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + post("2") + "hi",
	"chunks spelt with a tab":                    post("2", "Transfer-Encoding:\tchunked") + "0\r\n\r\n",
	"chunks spelt with a space before the colon": post("2", "Transfer-Encoding : chunked") + "0\r\n\r\n",
	"an encoding that is not known":              post("2", "Transfer-Encoding: gzip") + "hi",
	"two lengths":                                post("2", "Content-Length: 3") + "hi!",
	"the same length twice":                      post("2", "Content-Length: 2") + "hi",
	"a list of lengths":                          post("2, 2") + "hi",
	"a length with a sign":                       post("+2") + "hi",
	"a negative length":                          post("-2") + "hi",
	"a length that is not decimal":               post("0x2") + "hi",
	"a length with leading zeros":                post("002") + "hi",
	"an empty length":                            post("") + "hi",
	"a length beyond 64 bits":                    post("18446744073709551618") + "hi",
	"no Host":                                    "POST /v1/progress HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
	"an empty Host":                              "POST /v1/progress HTTP/1.1\r\nHost:\r\nContent-Length: 2\r\n\r\nhi",
	"two Hosts":                                  post("2", "Host: evil") + "hi",
	"a Host that is none":                        "POST /v1/progress HTTP/1.1\r\nHost: a/b@c\r\nContent-Length: 2\r\n\r\nhi",
	"a Host with a space":                        "POST /v1/progress HTTP/1.1\r\nHost: local host\r\nContent-Length: 2\r\n\r\nhi",
	"lines that end with LF only":                "POST /v1/progress HTTP/1.1\nHost: localhost\nContent-Length: 2\n\nhi",
	"a line that ends with LF only":              "POST /v1/progress HTTP/1.1\r\nHost: localhost\nContent-Length: 2\r\n\r\nhi",
	"a line that ends with CR only":              "POST /v1/progress HTTP/1.1\r\nHost: localhost\rContent-Length: 2\r\n\r\nhi",
	"a line that goes on":                        post("2", "X-User: a", " b") + "hi",
	"a line without a colon":                     post("2", "X-User") + "hi",
	"a field without a name":                     post("2", ": a") + "hi",
	"a field's name with a space":                post("2", "X User: a") + "hi",
	"a field's name with a byte beyond ASCII":    post("2", "X-\xc3\xb6: a") + "hi",
	"a field with a null byte":                   post("2", "X-User: a\x00b") + "hi",
	"a field with a bell":                        post("2", "X-User: a\x07b") + "hi",
	"a field with a delete":                      post("2", "X-User: a\x7fb") + "hi",
	"a field with a CR":                          post("2", "X-User: a\rb") + "hi",
	"a request to go on":                         post("2", "Expect: 100-continue") + "hi",
	"an expectation that is not known":           post("2", "Expect: wonders") + "hi",
	"an upgrade":                                 post("2", "Connection: Upgrade", "Upgrade: websocket") + "hi",
	"no cache":                                   post("2", "Pragma: no-cache") + "hi",
	"announced trailers":                         post("2", "Trailer: X-User") + "hi",
	"many fields":                                post("2", strings.Split(strings.Repeat("A: 1|", 60)+"B: 2", "|")...) + "hi",
	"a long head":                                post("2", "X-User: "+strings.Repeat("a", 5000)) + "hi",
	"too long a head":                            post("2", "X-User: "+strings.Repeat("a", 30000)) + "hi",
	"a body beyond the buffer":                   post("9000") + strings.Repeat("a", 9000) + post("2") + "hi",
	"a large body":                               post("70000") + strings.Repeat("a", 70000) + post("2") + "hi",
	"a query on another path":                    "GET /v1/sync?a=b&c=%20 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a body of a path with a query":              "POST /v1/progress?a=b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("a", 20000) + post("2") + "hi",
	"a body of an escaped path":                  "POST /v1/%70rogress HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("a", 20000) + post("2") + "hi",
	"a body over HTTP/1.0":                       "POST /v1/progress HTTP/1.0\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("a", 20000),
	"a body of another path":                     "PUT /v1/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("a", 20000) + post("2") + "hi",
	"chunks of another path":                     "PUT /v1/sync HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + post("2") + "hi",
	"chunks over HTTP/1.0":                       "POST /v1/progress HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	"a path that begins with a host":             "GET //localhost/v1/sync HTTP/1.1\r\nHost: evil\r\n\r\n",
	"a plain path that begins with a host":       "POST //localhost/v1/progress HTTP/1.1\r\nHost: evil\r\nContent-Length: 0\r\n\r\n",
	"a path with dots":                           "GET /v1/../v1/./sync HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a path with escaped dots":                   "GET /v1/%2e%2e/%2Fsync HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a path that is badly escaped":               "GET /v1/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a path with a space":                        "GET /v1/sync now HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a path with a null byte":                    "GET /v1/sync\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a path with bytes beyond ASCII":             "GET /v1/s\xc3\xb6nc HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a path with a fragment":                     "GET /v1/sync#a HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a path without a slash":                     "GET v1/sync HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a very long path":                           "GET /v1/" + strings.Repeat("a", 10000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"too long a path":                            "GET /v1/" + strings.Repeat("a", 30000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"an absolute read":                           "GET http://evil/v1/sync?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"an absolute target of this host":            "POST http://localhost/v1/progress HTTP/1.1\r\nHost: evil\r\nContent-Length: 2\r\n\r\nhi",
	"an absolute target with a user":             "GET http://a:b@evil/v1/sync HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"an absolute target without a path":          "GET http://evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a star":                                     "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"a tunnel":                                   "CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n",
	"HEAD of another path":                       "HEAD /v1/sync HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"an upgrade of a read":                       "GET /v1/sync HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
	"chunks in capitals":                         "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	"chunks twice in one field":                  "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	"chunks in two fields":                       "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	"chunks and identity":                        "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	"chunks with a parameter":                    "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked;q=1\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	"identity":                                   post("2", "Transfer-Encoding: identity") + "hi",
	"an empty encoding":                          post("2", "Transfer-Encoding:") + "hi",
	"chunks with trailers":                       "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-User\r\n\r\n2;a=b\r\nhi\r\n0\r\nX-User: evil\r\n\r\n" + post("2") + "hi",
	"trailers that frame":                        "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nContent-Length: 5\r\n\r\n" + post("2") + "hi",
	"a chunk without a size":                     "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhi\r\n0\r\n\r\n",
	"a chunk with a sign":                        "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nhi\r\n0\r\n\r\n",
	"a chunk beyond 64 bits":                     "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\nhi\r\n0\r\n\r\n",
	"a chunk longer than its size":               "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiho\r\n0\r\n\r\n",
	"a chunk that ends with LF only":             "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\nhi\n0\n\n",
	"a read with a length":                       "GET /v1/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi" + post("2") + "hi",
	"a length with a space within":               post("1 2") + "hi",
	"a length with a tab after it":               post("2\t") + "hi",
	"a length with a vertical tab":               post("\v2") + "hi",
	"the same length twice, spelt otherwise":     post("2", "content-length: 02") + "hi",
	"a line of spaces only":                      post("2", "X-User: a", "  ") + "hi",
	"a space before the first field":             "POST /v1/progress HTTP/1.1\r\n Host: localhost\r\nContent-Length: 2\r\n\r\nhi",
	"keep-alive and close":                       post("2", "Connection: keep-alive, close") + "hi" + post("2") + "no",
	"close in capitals":                          post("2", "Connection: CLOSE") + "hi" + post("2") + "no",
	"TLS":                                        "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
}

// refusals are the conversations of which front refuses more than net/http, and
// why.
var refusals = map[string]string{
	"chunks and a length":         "two servers may believe different ones (judge)",
	"a length and chunks":         "two servers may believe different ones (judge)",
	"chunks spelt with a tab":     "two servers may believe different ones (judge)",
	"chunks over HTTP/1.0":        "a server of HTTP/1.0 on the way sees no chunks, and net/http no body (fasthttp)",
	"a line that goes on":         "two servers may see different fields (judge)",
	"a line of spaces only":       "two servers may see different fields (judge)",
	"trailers that frame":         "they are none of the fields that a trailer may have (fasthttp)",
	"the same length twice":       "RFC 9112, section 6.3, leaves the choice (fasthttp)",
	"lines that end with LF only": "RFC 9112, section 2.2, leaves the choice (fasthttp)",
	"an empty Host":               "a request to localhost names it (fasthttp)",
	"HTTP/2.0":                    "the protocol is not spoken here, and net/http's handler gets a request that none is (judge)",
	"a star":                      "no handler has anything to say of the server as a whole, and net/http answers it with nothing",
}

func TestEveryConversationEndsAsWithNetHTTP(t *testing.T) {
	ours, theirs := serveFront(t, settings(http.HandlerFunc(echo))), serve(t, settings(http.HandlerFunc(echo)))
	for name, sent := range conversations {
		t.Run(name, func(t *testing.T) {
			want, got := all(t, theirs, sent), all(t, ours, sent)
			if diff := differ(want, got); diff != "" {
				t.Errorf("(-net/http +front):\n%s", diff)
			}
			if reason := refusals[name]; stricter(want, got) != (reason != "") {
				t.Errorf("is refused for %q; net/http answers %.600q, front %.600q", reason, want, got)
			}
		})
	}
}

// FuzzConversation compares what front and net/http make of the same bytes,
// which come in two parts.
func FuzzConversation(f *testing.F) {
	for _, sent := range conversations {
		f.Add([]byte(sent), uint16(0))
		f.Add([]byte(sent), uint16(len(sent)/2))
	}
	ours, theirs := serveFront(f, settings(http.HandlerFunc(echo))), serve(f, settings(http.HandlerFunc(echo)))
	emptyLines := regexp.MustCompile(`\n\r*\n\r*\n`)
	f.Fuzz(func(t *testing.T, sent []byte, cut uint16) {
		// fasthttp ignores line ends before a request, as RFC 9112, section 2.2, asks;
		// net/http does so only after a POST.
		sent = bytes.TrimLeft(sent, "\r\n")
		if emptyLines.Match(sent) {
			t.Skip("the servers differ in line ends between requests, and may")
		}
		first := min(int(cut), len(sent))
		parts := []string{string(sent[:first]), string(sent[first:])}
		if diff := differ(all(t, theirs, parts...), all(t, ours, parts...)); diff != "" {
			t.Errorf("(-net/http +front):\n%s", diff)
		}
	})
}

// Requests on one connection share what was read of their heads, so that all
// orders of few fields are worth a try.
func TestAnySeriesOfRequestsEndsAsWithNetHTTP(t *testing.T) {
	ours, theirs := serveFront(t, settings(http.HandlerFunc(echo))), serve(t, settings(http.HandlerFunc(echo)))
	field := rapid.SampledFrom([]string{
		"Host: localhost", "host: localhost", "Host: 127.0.0.1:8787", "HOST:[::1]", "Content-Length: 2", "content-length:2", "Content-Length: 3",
		"A: 1", "A: 2", "a: 1", "A:", "B: 1", "B:  2 ", "B: A: 1", "Connection: keep-alive", "Prefer: return=minimal", "X-Answer: nothing",
	})
	odd := rapid.SampledFrom([]string{"Connection: close", "Transfer-Encoding: chunked", "Content-Length: 02", "Expect: 100-continue", "A", " A: 1", "Pragma: no-cache"})
	method := rapid.SampledFrom([]string{"POST", "POST", "PUT"})
	path := rapid.SampledFrom([]string{plainPath, plainPath, otherPlainPath, "/v1/sync"})
	rapid.Check(t, func(t *rapid.T) {
		var sent strings.Builder
		for range rapid.IntRange(1, 6).Draw(t, "requests") {
			sent.WriteString(method.Draw(t, "method") + " " + path.Draw(t, "path") + " HTTP/1.1\r\n")
			fields := rapid.SliceOfN(field, 0, 4).Draw(t, "fields")
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0: // whatever was drawn
			case 1:
				fields = append(fields, odd.Draw(t, "odd"))
				fallthrough
			default:
				fields = slices.DeleteFunc(fields, func(f string) bool {
					return strings.EqualFold(f[:1], "h") || strings.HasPrefix(strings.ToLower(f), "content")
				})
				fields = append(fields, "Host: localhost", "Content-Length: 2")
			}
			for _, f := range rapid.Permutation(fields).Draw(t, "order") {
				sent.WriteString(f + "\r\n")
			}
			sent.WriteString("\r\nhi")
		}
		cut := rapid.IntRange(0, sent.Len()).Draw(t, "cut")
		parts := []string{sent.String()[:cut], sent.String()[cut:]}
		if diff := differ(all(t, theirs, parts...), all(t, ours, parts...)); diff != "" {
			t.Fatalf("%q (-net/http +front):\n%s", sent.String(), diff)
		}
	})
}
