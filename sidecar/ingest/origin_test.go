package ingest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
)

func TestAPageOfAnotherOriginChangesNothing(t *testing.T) {
	for site, allowed := range map[string]bool{
		"": true, "none": true, "same-origin": true, "same-site": false, "cross-site": false, "something-new": false,
	} {
		for _, target := range []string{
			"POST /v1/progress", "POST /v1/progress/complete", "DELETE /v1/progress?userId=u&courseId=c&lessonId=l", "POST /v1/sync",
			"GET /v1/sync", "GET /v1/progress?userId=u",
		} {
			t.Run(target+" from "+site, func(t *testing.T) {
				d := newDesk()
				method, path, _ := strings.Cut(target, " ")
				r := httptest.NewRequest(method, path, strings.NewReader(item("u")))
				r.Header.Set("Content-Type", "text/plain")
				r.Header.Set("Origin", "https://lms.example") // a proxy hands it on
				if site != "" {
					r.Header.Set("Sec-Fetch-Site", site)
				}
				a := d.ask(t, r)
				if allowed || method == http.MethodGet {
					expect(t, a, http.StatusOK, nil)
					return
				}
				expect(t, a, http.StatusForbidden, map[string]any{"type": problemType + "cross-origin"})
				if held := d.buffer.Unsaved(buffer.Filter{}); len(held) > 0 {
					t.Errorf("kept %+v", held)
				}
				if diff := cmp.Diff(map[string]int{"cross_origin": 1}, d.state.rejected); diff != "" {
					t.Errorf("counted (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestABeaconIsTakenLikeJSON(t *testing.T) {
	for _, content := range []string{
		"text/plain;charset=UTF-8", "text/plain", `Text/Plain; Charset="utf-8"`, "application/json; charset=utf-8",
	} {
		t.Run(content, func(t *testing.T) {
			d := newDesk()
			r := post(`[` + item("u", `,"currentTime":5,"eventId":"e"`) + `]`)
			r.Header.Set("Content-Type", content)
			expect(t, d.ask(t, r), http.StatusOK, map[string]any{"progress.0.positionSeconds": 5.})
		})
	}
	d := newDesk()
	r := post(item("u"))
	r.Header.Set("Content-Type", "text/plain; charset=iso-8859-1")
	expect(t, d.ask(t, r), http.StatusUnsupportedMediaType, nil)
}

func TestACSRFTokenIsTheProxysAndGoesNoFurther(t *testing.T) {
	const token = "s3cret-of-the-session"
	for name, body := range map[string]string{
		"an update":         item("u", `,"csrfToken":"`+token+`"`),
		"an array":          `[` + item("u", `,"csrfToken":"`+token+`"`) + `]`,
		"a mistake":         item("u", `,"currentTime":-5,"csrfToken":"`+token+`"`),
		"not quite JSON":    item("u", `,"csrfToken":"`+token+`",`),
		"a token of a type": item("u", `,"csrfToken":{"`+token+`":1}`),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			if a := d.ask(t, post(body)); strings.Contains(a.text, token) {
				t.Errorf("echoed: %s", a.text)
			}
			read := d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u", nil))
			if strings.Contains(read.text, token) {
				t.Errorf("kept: %s", read.text)
			}
		})
	}
}
