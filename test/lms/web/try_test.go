package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/test/lms/web/trouble"
)

func (b *browser) turn(name, value string, header ...string) (answer, string) {
	b.t.Helper()
	form := url.Values{"name": {name}, "value": {value}}.Encode()
	return b.do("POST", "/try", form, append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}

func TestTheSwitchesAreOfOneSessionAndNeedItsToken(t *testing.T) {
	up := true
	desk := trouble.New(func(_ context.Context, now bool) error {
		up = now
		return nil
	})
	sidecar := startSidecar(t)
	b := openTry(t, sidecar.URL, desk)
	if resp, _ := b.turn("outage", "on"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger gets %s", resp.Status)
	}
	b.login("ada")
	if resp, _ := b.turn("outage", "on"); resp.StatusCode != http.StatusForbidden || !up {
		t.Errorf("without the token: %s", resp.Status)
	}
	token := []string{"X-CSRF-Token", b.token()}
	if resp, text := b.turn("weather", "on", token...); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, "outage, offline, slow, expired") {
		t.Errorf("%s %s", resp.Status, text)
	}
	if resp, text := b.turn("outage", "on", token...); resp.StatusCode != http.StatusOK || up || !strings.Contains(text, `"outage":true`) {
		t.Errorf("%s %s", resp.Status, text)
	}
	if resp, _ := b.turn("expired", "401", token...); resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
	if resp, _ := b.do("GET", "/progress/v1/progress", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("with an expired session: %s", resp.Status)
	}
	if resp, _ := b.do("GET", "/lessons/lesson-1", ""); resp.Header.Get("Location") != "/login?next=%2Flessons%2Flesson-1" {
		t.Errorf("a page with an expired session: %s", resp.Status)
	}
	// A new session has no such trouble.
	b.login("ada")
	if resp, _ := b.do("GET", "/progress/v1/progress", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("after signing in again: %s", resp.Status)
	}
	<-sidecar.asked
	_, page := b.do("GET", "/lessons/lesson-1", "")
	for _, want := range []string{`data-switch="outage" aria-pressed="true"`, `data-switch="expired" aria-pressed="false"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestWithoutADeskThereIsNothingToTry(t *testing.T) {
	b := open(t, startSidecar(t).URL)
	b.login("ada")
	_, page := b.do("GET", "/lessons/lesson-1", "")
	if strings.Contains(page, "Try it") || strings.Contains(page, "try.js") {
		t.Error("the page has switches")
	}
	if resp, _ := b.turn("offline", "on", "X-CSRF-Token", b.token()); resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a switch: %s", resp.Status)
	}
}

func TestASecondDeviceWatchesAMinuteMore(t *testing.T) {
	asked := make(chan asked, 2)
	sidecar := answering(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- askedOf(r, body)
		_, _ = io.WriteString(w, `{"progress":[{"lessonId":"lesson-2","positionSeconds":21.5}]}`)
	})
	b := openTry(t, sidecar, trouble.New(nil))
	b.login("ada")
	form := []string{"Content-Type", "application/x-www-form-urlencoded", "X-CSRF-Token", b.token()}
	resp, text := b.do("POST", "/try/second-device", "lesson=lesson-2", form...)
	if resp.StatusCode != http.StatusOK || !strings.Contains(text, "up to 1:21") {
		t.Errorf("%s %s", resp.Status, text)
	}
	<-asked
	var update struct {
		UserID, LessonID      string
		CurrentTime, Duration float64
	}
	got := <-asked
	if err := json.Unmarshal([]byte(got.body), &update); err != nil || update.UserID != "ada" || update.LessonID != "lesson-2" || update.CurrentTime != 81.5 {
		t.Errorf("the sidecar got %+v, %v", got, err)
	}
	if got.header.Get("X-Progress-User") != "ada" {
		t.Errorf("in the name of %q", got.header.Get("X-Progress-User"))
	}
	if resp, _ := b.do("POST", "/try/second-device", "lesson=lesson-2", form[:2]...); resp.StatusCode != http.StatusForbidden {
		t.Errorf("without the token: %s", resp.Status)
	}
}
