package ingest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBodiesInFlightHaveACap(t *testing.T) {
	d := newDesk()
	limits := *d.limits.Load()
	limits.MaxBytesInFlight = 1000
	d.SetLimits(limits)
	item := item("u", `,"moduleId":"`+strings.Repeat("m", 200)+`"`)
	large := "[" + strings.Repeat(item+",", 9) + item + "]"
	if len(large) <= 1000 {
		t.Fatal("the test's body is too small")
	}
	chunked := func(body string) *http.Request {
		// A reader of unknown size has no Content-Length.
		return httptest.NewRequest(http.MethodPost, "/v1/progress", io.MultiReader(strings.NewReader(body)))
	}

	// A request that is alone may be larger than the cap.
	expect(t, d.ask(t, post(large)), http.StatusOK, nil)
	expect(t, d.ask(t, chunked(large)), http.StatusOK, nil)

	// Beside another one it may not.
	other := d.lease(limits)
	if !other.grow(300) {
		t.Fatal("there is no room at all")
	}
	expect(t, d.ask(t, post(item)), http.StatusOK, nil)
	for name, r := range map[string]*http.Request{"with its length": post(large), "without": chunked(large)} {
		a := d.ask(t, r)
		if a.code != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "1" || a.body["type"] != problemType+"overloaded" {
			t.Errorf("a body %s: %d %v %s", name, a.code, a.header, a.text)
		}
	}
	other.end()
	expect(t, d.ask(t, post(large)), http.StatusOK, nil)
	if n := d.bytes.Load(); n != 0 {
		t.Errorf("%d bytes are still counted", n)
	}
}

func TestTheCapOfBytesFollowsTheMemory(t *testing.T) {
	for memory, want := range map[int64]int64{
		0: DefaultBytesInFlight, 8 << 20: 1 << 20, 240 << 20: 10 << 20, 1 << 40: DefaultBytesInFlight,
	} {
		if got := BytesInFlight(memory); got != want {
			t.Errorf("%d bytes of memory: %d, want %d", memory, got, want)
		}
	}
}
