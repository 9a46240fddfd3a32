package ingest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// A sync that says 200 while another sidecar holds what went through this one lets an
// LMS hand over records that are not there.
func TestAForcedSyncOfEverybodyNeedsEverySidecar(t *testing.T) {
	for name, c := range map[string]struct {
		others  []string
		failure error // of this sidecar
		code    int
		want    map[string]any
		text    string
	}{
		"there is no other":                  {nil, nil, 200, map[string]any{"quarantined": nil}, ""},
		"all have saved":                     {[]string{"{}", "{}"}, nil, 200, map[string]any{"quarantined": nil}, ""},
		"the database refused records there": {[]string{`{"quarantined":2}`, `{"quarantined":1}`}, nil, 200, map[string]any{"quarantined": 3.0}, ""},
		"one gives no answer":                {[]string{"{}", ""}, nil, 503, map[string]any{"type": problemType + "not-saved"}, "1 of 2 other sidecars did not confirm"},
		"two can't save":                     {[]string{"", "{}", ""}, nil, 503, map[string]any{"type": problemType + "not-saved"}, "2 of 3 other sidecars did not confirm"},
		"this one can't save": {
			[]string{"{}"}, &flush.NotSavedError{Failure: postgres.Failure{Message: "Check that it runs."}}, 503,
			map[string]any{"type": problemType + "not-saved"}, "Check that it runs.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			homes := &fakeHomes{others: c.others}
			d := newHomesDesk(homes)
			d.syncer.err = c.failure
			a := d.call(t, http.MethodPost, "/v1/sync")
			expect(t, a, c.code, c.want)
			if !strings.Contains(a.text, c.text) {
				t.Errorf("the answer is %s, want %q in it", a.text, c.text)
			}
			if a.code != http.StatusOK && a.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			r := httptest.NewRequest(http.MethodPost, "/v1/sync", nil)
			homes.asked, d.syncer.err = nil, nil
			expect(t, d.ask(t, r.WithContext(wire.WithHandedOn(r.Context()))), http.StatusOK, nil)
			if homes.asked != nil {
				t.Errorf("a sync that was handed on asked %q", homes.asked)
			}
		})
	}
}

func TestOthersWaitForWhatIsLeftOfTheTime(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/v1/sync?courseId=c%26d&timeout=20s", nil)
	rest := waitingAtMost(r, 1500*time.Millisecond)
	if diff := cmp.Diff("courseId=c%26d&timeout=1.5s", rest.URL.RawQuery); diff != "" {
		t.Errorf("the query (-want +got):\n%s", diff)
	}
	if _, wait, wrong := syncParameters(rest, Limits{}); wrong != nil || wait != 1500*time.Millisecond {
		t.Errorf("it is read as %v, %v", wait, wrong)
	}
}

// Before the registry's first answer any other sidecar may hold the rest.
func TestNothingIsSaidOfOthersBeforeItIsKnownWhoThereIs(t *testing.T) {
	d := newHomesDesk(&fakeHomes{untold: true})
	for _, path := range []string{"/v1/sync", "/v1/sync?userId=ada"} {
		a := d.call(t, http.MethodPost, path)
		expect(t, a, http.StatusServiceUnavailable, map[string]any{"type": problemType + "not-saved", "sync.stale": true})
		if !strings.Contains(a.text, errOthersUnknown.Error()) || !strings.Contains(a.text, "send the request again") || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %s", path, a.text)
		}
	}
	expect(t, d.call(t, http.MethodGet, "/v1/progress?userId=ada"), http.StatusOK, map[string]any{"stale": true, "sync.stale": true})
	expect(t, d.call(t, http.MethodGet, "/v1/sync?userId=ada"), http.StatusOK, map[string]any{"stale": true})
	a := d.call(t, http.MethodDelete, "/v1/users/ada")
	expect(t, a, http.StatusAccepted, map[string]any{"peers.asked": 0.0, "peers.message": errOthersUnknown.Error() + ": order it again in a moment"})
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// An operator who erases a learner must hear of a sidecar that may still have them.
func TestAnErasureTellsWhichSidecarsConfirmedIt(t *testing.T) {
	for name, c := range map[string]struct {
		others []string
		code   int
		want   map[string]any
	}{
		"there is no other":    {nil, 200, map[string]any{"peers.asked": 0.0, "peers.confirmed": 0.0, "peers.message": nil}},
		"all have erased them": {[]string{"{}", "{}"}, 200, map[string]any{"peers.asked": 2.0, "peers.confirmed": 2.0}},
		"one gives no answer": {[]string{"{}", "", ""}, 202, map[string]any{
			"peers.asked": 3.0, "peers.confirmed": 1.0,
			"peers.message": "2 of 3 other sidecars did not confirm that they hold nothing of the learner: order it again until all do",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			homes := &fakeHomes{others: c.others}
			d := newHomesDesk(homes)
			a := d.call(t, http.MethodDelete, "/v1/users/ada")
			expect(t, a, c.code, c.want)
			if (a.code == http.StatusAccepted) != (a.header.Get("Retry-After") != "") {
				t.Errorf("%d with Retry-After %q", a.code, a.header.Get("Retry-After"))
			}
			homes.asked = nil
			r := httptest.NewRequest(http.MethodDelete, "/v1/users/ada", nil)
			expect(t, d.ask(t, r.WithContext(wire.WithHandedOn(r.Context()))), http.StatusOK, map[string]any{"peers.asked": 0.0})
			if homes.asked != nil {
				t.Errorf("an erasure that was handed on asked %q", homes.asked)
			}
		})
	}
}
