package trouble

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASwitchIsTurnedOnAndOff(t *testing.T) {
	for name, tt := range map[string]struct {
		before      Switches
		name, value string
		want        Switches
		wrong       bool
	}{
		"an outage":                {Switches{}, "outage", "on", Switches{Outage: true}, false},
		"its end":                  {Switches{Outage: true, Slow: true}, "outage", "", Switches{Slow: true}, false},
		"offline":                  {Switches{Slow: true}, "offline", "on", Switches{Slow: true, Offline: true}, false},
		"slow":                     {Switches{}, "slow", "on", Switches{Slow: true}, false},
		"expired":                  {Switches{}, "expired", "redirect", Switches{Expired: Redirect}, false},
		"expired in another way":   {Switches{Expired: Redirect}, "expired", "page", Switches{Expired: Page}, false},
		"good again":               {Switches{Expired: Forbidden}, "expired", "", Switches{}, false},
		"expired in no known way":  {Switches{}, "expired", "on", Switches{}, true},
		"what there is not":        {Switches{}, "weather", "on", Switches{}, true},
		"nothing that has a name":  {Switches{}, "", "", Switches{}, true},
		"a name in another letter": {Switches{}, "Outage", "on", Switches{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.before.With(tt.name, tt.value)
			if (err != nil) != tt.wrong || !tt.wrong && got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestTheDatabaseIsTurnedForAllAndTheRestForOneSession(t *testing.T) {
	var calls []bool
	failing := errors.New("it does not start")
	var fails error
	desk := New(func(_ context.Context, up bool) error {
		calls = append(calls, up)
		return fails
	})
	turn := func(id, name, value string, want error) {
		t.Helper()
		if _, err := desk.Turn(t.Context(), id, name, value); !errors.Is(err, want) {
			t.Errorf("%s of %s: %v, want %v", name, id, err, want)
		}
	}
	turn("ada", "outage", "on", nil)
	turn("grace", "outage", "on", nil) // it is already
	turn("ada", "slow", "on", nil)
	if got, want := desk.Of("grace"), (Switches{Outage: true}); got != want {
		t.Errorf("grace has %+v", got)
	}
	if got, want := desk.Of("ada"), (Switches{Outage: true, Slow: true}); got != want {
		t.Errorf("ada has %+v", got)
	}
	fails = failing
	turn("grace", "outage", "", failing)
	if !desk.Of("ada").Outage {
		t.Error("a database that does not start is said to run")
	}
	fails = nil
	turn("grace", "outage", "", nil)
	if desk.Of("ada").Outage || len(calls) != 3 || calls[0] || calls[1] != true || !calls[2] {
		t.Errorf("the database was turned %v", calls)
	}
}

// lms says what it was asked, and by whom.
func lms(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Header.Get("Cookie")+" "+r.Header.Get("X-CSRF-Token"))
}

func TestEachTroubleIsWhatItIsInRealLife(t *testing.T) {
	const page, write = "/lessons/lesson-1", "/progress/v1/progress"
	for name, tt := range map[string]struct {
		name, value, method, path string
		status                    int
		want                      string
	}{
		"all is well":                              {"", "", "POST", write, 200, "POST /progress/v1/progress ada good"},
		"401: the LMS does not know who it is":     {"expired", "401", "POST", write, 200, "POST /progress/v1/progress  good"},
		"401: nor on a page":                       {"expired", "401", "GET", page, 200, "GET /lessons/lesson-1  good"},
		"403: the token is another session's":      {"expired", "403", "POST", write, 200, "POST /progress/v1/progress ada of a session that has ended"},
		"403: pages are there":                     {"expired", "403", "GET", page, 200, "GET /lessons/lesson-1 ada good"},
		"a redirect to the login page":             {"expired", "redirect", "POST", write, 303, ""},
		"a redirect: a page is the LMS's business": {"expired", "redirect", "GET", page, 200, "GET /lessons/lesson-1  good"},
		"the login page instead":                   {"expired", "page", "POST", write, 200, "GET /login  good"},
		"the switches stay":                        {"expired", "401", "POST", "/try", 200, "POST /try ada good"},
		"offline":                                  {"offline", "on", "GET", write, 0, ""},
		"offline: pages are there":                 {"offline", "on", "GET", page, 200, "GET /lessons/lesson-1 ada good"},
	} {
		t.Run(name, func(t *testing.T) {
			desk := New(nil)
			if tt.name != "" {
				if _, err := desk.Turn(t.Context(), "ada", tt.name, tt.value); err != nil {
					t.Fatal(err)
				}
			}
			status, text := ask(t, desk, http.HandlerFunc(lms), tt.method, tt.path)
			if status != tt.status || tt.want != "" && text != tt.want {
				t.Errorf("got %d %q, want %d %q", status, text, tt.status, tt.want)
			}
		})
	}
}

// ask is ada's browser; status 0 is no answer.
func ask(t *testing.T, desk *Desk, lms http.Handler, method, path string) (int, string) {
	t.Helper()
	server := httptest.NewServer(desk.Around(lms, func(r *http.Request) string { return r.Header.Get("Cookie") }))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader("a=b"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", "ada")
	req.Header.Set("X-CSRF-Token", "good")
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(text)
}

func TestAStreamOfEventsEndsWhenItsBrowserIsCutOff(t *testing.T) {
	desk := New(nil)
	open := make(chan struct{})
	stream := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(open)
		<-r.Context().Done()
	})
	turned := make(chan error, 1)
	go func() {
		<-open
		_, err := desk.Turn(context.Background(), "ada", "offline", "on")
		turned <- err
	}()
	// It never ends by itself.
	ask(t, desk, stream, http.MethodGet, "/progress/v1/sync/events")
	if err := <-turned; err != nil {
		t.Error(err)
	}
}

func TestOnASlowNetworkThereIsAnAnswerInTheEnd(t *testing.T) {
	desk := New(nil)
	desk.delay = time.Millisecond
	if _, err := desk.Turn(t.Context(), "ada", "slow", "on"); err != nil {
		t.Fatal(err)
	}
	if status, text := ask(t, desk, http.HandlerFunc(lms), http.MethodGet, "/progress/v1/progress"); status != http.StatusOK {
		t.Errorf("got %d %q", status, text)
	}
}
