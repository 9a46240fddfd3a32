package openapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// request is one to be sent, as the document has it and a case changes it.
type request struct {
	method, path string // the path with its {parameters}
	in           map[string]string
	query        url.Values
	header       http.Header
	host         string
	media, body  string
	old          bool // HTTP/1.0
}

// newRequest is made of the examples in the document: of the required
// parameters, and of the user's id, which may come by a header instead.
func (d *description) newRequest(key string) *request {
	method, path, op := d.operation(key)
	r := &request{method: strings.ToUpper(method), path: path, in: map[string]string{}, query: url.Values{}, header: http.Header{}}
	for _, p := range d.parameters(op) {
		if !p.Required && p.Name != "userId" {
			continue
		}
		switch p.In {
		case "path":
			r.in[p.Name] = fmt.Sprint(p.Example)
		case "query":
			r.query.Set(p.Name, fmt.Sprint(p.Example))
		case "header":
			r.header.Set(p.Name, fmt.Sprint(p.Example))
		}
	}
	if example, found := op.RequestBody.Content["application/json"].Examples["one"]; found {
		r.give("application/json", example.Value)
	}
	return r
}

// give sets the body: text as it is, everything else as JSON.
func (r *request) give(media string, body any) {
	r.media = media
	if text, is := body.(string); is {
		r.body = text
		return
	}
	content, err := json.Marshal(body)
	if err != nil {
		panic(err) // it was JSON before
	}
	r.body = string(content)
}

func (r *request) send(t *testing.T, s *stand) *http.Response {
	t.Helper()
	path := r.path
	for name, value := range r.in {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	sent, err := http.NewRequestWithContext(t.Context(), r.method, s.url+path+"?"+r.query.Encode(), strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	sent.Header, sent.Host = r.header, r.host
	if r.media != "" {
		sent.Header.Set("Content-Type", r.media)
	}
	if r.old {
		return sendOld(t, sent)
	}
	response, err := http.DefaultTransport.RoundTrip(sent) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// sendOld asks as a proxy of HTTP/1.0 does.
func sendOld(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", r.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the server may have closed it
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.0\r\n\r\n", r.URL.RequestURI()); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// check holds an answer against the document, and returns the kind of problem
// that it is.
func (d *description) check(t *testing.T, key string, got *http.Response) string {
	t.Helper()
	method, path, _ := d.operation(key)
	said, found := d.response(path, method, strconv.Itoa(got.StatusCode))
	if !found {
		t.Fatalf("the document does not know of the answer %s", got.Status)
	}
	for name, h := range said.Headers {
		d.checkHeader(t, name, h, got.Header)
	}
	media, _, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if len(said.Content) == 0 {
		if content, _ := io.ReadAll(got.Body); len(content) > 0 {
			t.Errorf("the document says that the answer is empty, not %q", content)
		}
		return ""
	}
	if _, found := said.Content[media]; !found || err != nil {
		t.Fatalf("the answer is %q, the document has %v", got.Header.Get("Content-Type"), sorted(said.Content))
	}
	var value any
	switch {
	case strings.HasSuffix(media, "json"):
		value, err = jsonschema.UnmarshalJSON(got.Body)
	case media == "text/event-stream":
		value = d.checkEvent(t, got.Body)
	default:
		var text []byte
		text, err = io.ReadAll(got.Body)
		value = string(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	schema, err := d.compiler.Compile(home + "#" + said.pointer + join("content", media, "schema"))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%v\nthe answer: %v", err, value)
	}
	if problem, is := value.(map[string]any); is && strings.HasPrefix(media, "application/problem") {
		if status := fmt.Sprint(problem["status"]); status != strconv.Itoa(got.StatusCode) {
			t.Errorf("the problem says %s, the answer %d", status, got.StatusCode)
		}
		return strings.TrimPrefix(fmt.Sprint(problem["type"]), "urn:progress-sync:problem:")
	}
	return ""
}

func (d *description) checkHeader(t *testing.T, name string, h header, got http.Header) {
	t.Helper()
	text := got.Get(name)
	if text == "" {
		if h.Required {
			t.Errorf("the answer has no %s", name)
		}
		return
	}
	schema, err := d.compiler.Compile(home + "#" + h.pointer + "/schema")
	if err != nil {
		t.Fatal(err)
	}
	var value any = text
	if n, err := strconv.Atoi(text); err == nil {
		value = n
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// checkEvent reads the first event of a stream, whose data is a SyncState, and
// returns its text.
func (d *description) checkEvent(t *testing.T, stream io.Reader) string {
	t.Helper()
	var text bytes.Buffer
	buf := make([]byte, 4096)
	for !strings.Contains(text.String(), "data:") || !strings.HasSuffix(text.String(), "\n\n") {
		n, err := stream.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("the stream ended: %v after %q", err, text.String())
		}
	}
	fields := map[string]string{}
	for line := range strings.Lines(text.String()) {
		if name, value, is := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); is {
			fields[name] = value
		}
	}
	if fields["event"] != "state" || fields["id"] == "" {
		t.Errorf("not an event named state with an id: %q", text.String())
	}
	data, err := jsonschema.UnmarshalJSON(strings.NewReader(fields["data"]))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.schema(t, "components", "schemas", "SyncState").Validate(data); err != nil {
		t.Errorf("the event's data: %v", err)
	}
	return text.String()
}
