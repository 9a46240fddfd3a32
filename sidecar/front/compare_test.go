package front_test

import (
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
	"TLS":                                        "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
}

func TestEveryConversationEndsAsWithNetHTTP(t *testing.T) {
	ours, theirs := serveFront(t, settings(http.HandlerFunc(echo))), serve(t, settings(http.HandlerFunc(echo)))
	for name, sent := range conversations {
		t.Run(name, func(t *testing.T) {
			if diff := differ(all(t, theirs, sent), all(t, ours, sent)); diff != "" {
				t.Errorf("(-net/http +front):\n%s", diff)
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
	f.Fuzz(func(t *testing.T, sent []byte, cut uint16) {
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
	path := rapid.SampledFrom([]string{plainPath, plainPath, otherPlainPath, "/v1/sync"})
	rapid.Check(t, func(t *rapid.T) {
		var sent strings.Builder
		for range rapid.IntRange(1, 6).Draw(t, "requests") {
			sent.WriteString("POST " + path.Draw(t, "path") + " HTTP/1.1\r\n")
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
