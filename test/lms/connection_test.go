package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/backend"
	"github.com/progress-sync/progress-sync/test/lms/report"
	"github.com/progress-sync/progress-sync/test/truth"
)

// Where a connection is kept, all of a learner's requests go to one pod, and nothing is
// shown of the others.
func TestEachRequestToTheLMSIsAConnectionOfItsOwnAndReachesTheSidecar(t *testing.T) {
	sidecar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Progress-User") != "ada" {
			t.Errorf("the learner is %q", r.Header.Get("X-Progress-User"))
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer sidecar.Close()
	beside, anyPod := toSidecar(), toService()
	defer beside.CloseIdleConnections()
	address, err := url.Parse(sidecar.URL)
	if err != nil {
		t.Fatal(err)
	}
	apps := httptest.NewUnstartedServer(backend.New(backend.Options{
		Sidecar: address, UserHeader: "X-Progress-User", Pod: "lms-1", Transport: beside,
	}))
	var connections atomic.Int64
	apps.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	apps.Start()
	defer apps.Close()
	client := environment{lmsURL: apps.URL}.sender(beside, anyPod)
	const requests = 5
	for range requests {
		answer := client.Send(t.Context(), "", truth.Update{Key: truth.Key{UserID: "ada", CourseID: "c", LessonID: "l"}, OccurredAt: time.Now()})
		answer.Took = 0
		if want := (report.Answer{Outcome: truth.Acknowledged, Status: http.StatusNoContent, Pod: "lms-1"}); answer != want {
			t.Errorf("got %+v", answer)
		}
	}
	if n := connections.Load(); n != requests {
		t.Errorf("%d connections", n)
	}
}
