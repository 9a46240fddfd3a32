package forward

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// toHome is the way to a server.
type toHome struct {
	address string
	*http.Transport
}

func (v *toHome) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", v.address
	return v.Transport.RoundTrip(r)
}

// lms is the client's side of a sidecar that hands on to home, and answers itself
// where that fails.
func lms(t *testing.T, o Options, userHeader string, home http.HandlerFunc) (c *http.Client, url string, failures chan error) {
	t.Helper()
	there := httptest.NewServer(home)
	t.Cleanup(there.Close)
	via := &toHome{address: there.Listener.Addr().String(), Transport: &http.Transport{}}
	t.Cleanup(via.CloseIdleConnections)
	failures = make(chan error, 10)
	f := New(o)
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f.Forward(w, r, via, userHeader); err != nil {
			failures <- err
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, "answered here: ", string(body))
		}
	}))
	t.Cleanup(here.Close)
	return here.Client(), here.URL, failures
}

func long() Options {
	return Options{Read: time.Minute, Change: time.Minute, Sync: time.Minute, Event: time.Minute}
}

func ask(t *testing.T, c *http.Client, method, url, body string, headers http.Header) (a answer) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if headers != nil {
		r.Header = headers
	}
	got, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	all, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, string(all), got.Header}
}

// answer is one that was read.
type answer struct {
	status int
	text   string
	header http.Header
}

func TestTheAnswerIsTheHomes(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		t.Run(method, func(t *testing.T) {
			c, url, _ := lms(t, long(), "", func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.Header().Set("Retry-After", "7")
				w.Header().Set(wire.VersionHeader, "1")
				w.WriteHeader(http.StatusTooManyRequests)
				fmt.Fprint(w, r.Method, " ", r.URL, " ", string(body))
			})
			sent := ""
			if method == http.MethodPost {
				sent = "{}"
			}
			a := ask(t, c, method, url+"/v1/progress%2F?userId=a%20b", sent, nil)
			want := method + " /peer/v1/api/v1/progress%2F?userId=a%20b " + sent
			if method == http.MethodHead {
				want = ""
			}
			if a.text != want || a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "7" {
				t.Errorf("the answer is %+v, want %q", a, want)
			}
			if a.header.Get(wire.VersionHeader) != "" {
				t.Error("the client is told of the protocol between sidecars")
			}
		})
	}
}

// The learner's session with the LMS is nothing that another pod needs.
func TestOnlyWhatTheAPIReadsGoesAlong(t *testing.T) {
	got := make(chan http.Header, 1)
	c, url, _ := lms(t, long(), "x-user-id", func(_ http.ResponseWriter, r *http.Request) { got <- r.Header })
	ask(t, c, http.MethodPost, url+"/v1/sync", "{}", http.Header{
		"X-User-Id": {"ada"}, "Content-Type": {"application/json"}, "Last-Event-Id": {"5"}, "Prefer": {"return=minimal"},
		"Cookie": {"session=secret"}, "Authorization": {"Bearer secret"}, "Sec-Fetch-Site": {"same-origin"},
		"Connection": {"keep-alive, X-Hop"}, "X-Hop": {"1"}, "Te": {"trailers"}, "X-Forwarded-For": {"10.0.0.1"}, wire.HopsHeader: {"2"},
	})
	headers := <-got
	for _, transport := range []string{"Content-Length", "Accept-Encoding", "User-Agent"} {
		headers.Del(transport)
	}
	want := http.Header{
		"X-User-Id": {"ada"}, "Content-Type": {"application/json"}, "Last-Event-Id": {"5"}, "Prefer": {"return=minimal"},
	}
	if diff := cmp.Diff(want, headers); diff != "" {
		t.Errorf("the home was sent other headers:\n%s", diff)
	}
}

// A page that is opened while the home hangs is answered here, and its body is still
// there.
func TestAHomeThatDoesNotAnswerInTimeIsToldToTheCaller(t *testing.T) {
	for method, o := range map[string]Options{
		http.MethodGet:    {Read: time.Millisecond, Change: time.Minute, Sync: time.Minute},
		http.MethodHead:   {Read: time.Millisecond, Change: time.Minute, Sync: time.Minute},
		http.MethodDelete: {Read: time.Minute, Change: time.Millisecond, Sync: time.Minute},
		http.MethodPost:   {Read: time.Minute, Change: time.Minute, Sync: time.Millisecond},
	} {
		t.Run(method, func(t *testing.T) {
			end := make(chan struct{})
			c, url, failures := lms(t, o, "", func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-r.Context().Done():
				case <-end:
				}
			})
			defer close(end)
			sent := ""
			if method == http.MethodPost {
				sent = "{}"
			}
			a := ask(t, c, method, url+"/v1/sync", sent, nil)
			want := "answered here: " + sent
			if method == http.MethodHead {
				want = ""
			}
			if err := <-failures; !errors.Is(err, ErrNotAnswered) {
				t.Errorf("the caller is told %v", err)
			}
			if a.text != want || a.status != http.StatusOK {
				t.Errorf("the answer is %+v, want %q", a, want)
			}
		})
	}
}

func TestAHomeThatCanNotBeReachedIsToldToTheCaller(t *testing.T) {
	refused := errors.New("refused")
	r := httptest.NewRequest(http.MethodGet, "/v1/progress", http.NoBody)
	w := httptest.NewRecorder()
	err := New(long()).Forward(w, r, roundTrip(func(*http.Request) (*http.Response, error) { return nil, refused }), "")
	if !errors.Is(err, refused) || errors.Is(err, ErrNotAnswered) || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("%v, and %v %q was written", err, w.Header(), w.Body)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Two sidecars of which each takes the other for the home would go on for ever.
func TestARequestThatWasHandedOnIsNotHandedOnAgain(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/v1/progress", http.NoBody)
	r = r.WithContext(wire.WithHandedOn(r.Context()))
	err := New(long()).Forward(httptest.NewRecorder(), r, roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("it was handed on")
		return nil, errors.New("refused")
	}), "")
	if err == nil {
		t.Error("and the caller does not know")
	}
}

func TestARequestThatIsTooLargeToBeHandedOnIsWhole(t *testing.T) {
	o := long()
	o.MaxBody = 10
	c, url, failures := lms(t, o, "", func(http.ResponseWriter, *http.Request) { t.Error("it was handed on") })
	if a := ask(t, c, http.MethodPost, url+"/v1/sync", "0123456789abc", nil); a.text != "answered here: 0123456789abc" {
		t.Errorf("%+v", a)
	}
	if len(failures) != 1 {
		t.Error("and the caller does not know")
	}
}

// After the first byte the answer is the home's: an end of its own would look like
// the whole answer.
func TestAnAnswerThatIsCutOffIsCutOffForTheClient(t *testing.T) {
	c, url, failures := lms(t, long(), "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "the first half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/progress", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err == nil {
		defer answer.Body.Close()
		if text, err := io.ReadAll(answer.Body); err == nil {
			t.Errorf("the client takes %q for the whole answer", text)
		}
	}
	if len(failures) > 0 {
		t.Errorf("the caller is told to answer behind it: %v", <-failures)
	}
}

// patientClient is a client whose server gives it time.
type patientClient struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (c *patientClient) SetWriteDeadline(t time.Time) error {
	c.deadlines = append(c.deadlines, t)
	return nil
}

// A stream that ended with the time for its first byte would be opened anew all day.
func TestAStreamGoesOnBeyondTheTimeForItsFirstByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, tell := io.Pipe()
		go func() {
			defer tell.Close()
			for range 3 {
				fmt.Fprint(tell, "data\n")
				<-time.After(time.Minute)
			}
		}()
		home := roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: events, ContentLength: -1,
			}, nil
		})
		c := &patientClient{ResponseRecorder: httptest.NewRecorder()}
		began := time.Now()
		err := New(Options{}).Forward(c, httptest.NewRequest(http.MethodGet, "/v1/sync/events", http.NoBody), home, "")
		if err != nil || c.Body.String() != "data\ndata\ndata\n" {
			t.Errorf("%q, %v", c.Body, err)
		}
		patience := DefaultOptions().Event
		want := []time.Time{began.Add(patience), began.Add(time.Minute + patience), began.Add(2*time.Minute + patience)}
		if diff := cmp.Diff(want, c.deadlines); diff != "" {
			t.Errorf("the client has until:\n%s", diff)
		}
	})
}

func TestEachKindOfRequestWaitsForItsTime(t *testing.T) {
	for method, want := range map[string]time.Duration{
		http.MethodGet: 300 * time.Millisecond, http.MethodHead: 300 * time.Millisecond,
		http.MethodDelete: 2 * time.Second, http.MethodPost: 35 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := New(Options{}).Forward(httptest.NewRecorder(), httptest.NewRequest(method, "/v1/sync", http.NoBody),
				roundTrip(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}), "")
			if waited := time.Since(began); waited != want || !errors.Is(err, ErrNotAnswered) {
				t.Errorf("%s waits for %s, want %s, and says %v", method, waited, want, err)
			}
		})
	}
}

func TestEventsArriveAsTheyHappen(t *testing.T) {
	next := make(chan string)
	c, url, failures := lms(t, long(), "", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			select {
			case event := <-next:
				fmt.Fprintln(w, event)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/sync/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	go func() { next <- "data: 0" }()
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for i := range 3 {
		if i > 0 {
			next <- fmt.Sprint("data: ", i)
		}
		if !lines.Scan() || lines.Text() != fmt.Sprint("data: ", i) {
			t.Fatalf("event %d is %q, %v", i, lines.Text(), lines.Err())
		}
	}
	leave()
	if len(failures) > 0 {
		t.Errorf("the caller is told %v", <-failures)
	}
}
