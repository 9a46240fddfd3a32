package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// cookie that the browser would send, empty if there is none.
func (b *browser) cookie(name string) string {
	for _, cookie := range b.client.Jar.Cookies(mustParse(b.t, b.url)) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

func TestASessionEndsWithLogoutAndByItself(t *testing.T) {
	sidecar := startSidecar(t)
	b := open(t, sidecar.URL)
	b.login("ada")
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	if resp, _ := b.do("POST", "/logout", "csrfToken=wrong", form...); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a logout without the token: %s", resp.Status)
	}
	if resp, _ := b.do("POST", "/logout", url.Values{"csrfToken": {b.token()}}.Encode(), form...); resp.Header.Get("Location") != "/login" {
		t.Errorf("logout: %s", resp.Status)
	}
	if b.cookie(cookieName) != "" || b.cookie(tokenCookieName) != "" {
		t.Errorf("after logout there are the cookies %v", b.client.Jar.Cookies(mustParse(t, b.url)))
	}
	if resp, _ := b.do("GET", "/lessons/lesson-1", ""); resp.Header.Get("Location") != "/login?next=%2Flessons%2Flesson-1" {
		t.Errorf("after logout: %s to %s", resp.Status, resp.Header.Get("Location"))
	}

	sign := sessions{key: []byte("a key")}
	recorded := httptest.NewRecorder()
	if err := sign.begin(recorded, httptest.NewRequest(http.MethodGet, "/", http.NoBody), "ada"); err != nil {
		t.Fatal(err)
	}
	cookie, readable := recorded.Result().Cookies()[0], recorded.Result().Cookies()[1]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v", cookie)
	}
	if readable.HttpOnly || readable.SameSite != http.SameSiteLaxMode || readable.Path != "/" {
		t.Errorf("the token's cookie is %v", readable)
	}
	req := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	req.AddCookie(cookie)
	found, ok := sign.of(req)
	if !ok || found.Learner != "ada" || time.Until(found.Ends) > sessionAge {
		t.Errorf("the session is %+v, %t", found, ok)
	}
	if _, ok := (sessions{key: []byte("another key")}).of(req); ok {
		t.Error("another key's session is believed")
	}
}

// A tab that was open before needs the token of the session that a login in
// another tab began.
func TestAPageFindsTheTokenOfTheSessionThatThereIs(t *testing.T) {
	b := open(t, startSidecar(t).URL)
	b.login("ada")
	first := b.token()
	if got := b.cookie(tokenCookieName); got != first {
		t.Errorf("the cookie has %q, the page %q", got, first)
	}
	b.login("ada")
	second := b.cookie(tokenCookieName)
	if second == first || second != b.token() {
		t.Errorf("after another login the cookie has %q, the page %q", second, b.token())
	}
	for token, want := range map[string]int{first: http.StatusForbidden, second: http.StatusOK} {
		if resp, _ := b.do("POST", "/progress/v1/progress", "[]", "X-CSRF-Token", token); resp.StatusCode != want {
			t.Errorf("got %s, want %d", resp.Status, want)
		}
	}
	b.client.Jar.SetCookies(mustParse(t, b.url), []*http.Cookie{{Name: tokenCookieName, Value: "lost", Path: "/"}})
	b.do("GET", "/course", "")
	if got := b.cookie(tokenCookieName); got != second {
		t.Errorf("after a page the cookie has %q", got)
	}
}

func TestALinkToTheLoginPageLeadsToThisSiteOnly(t *testing.T) {
	sidecar := startSidecar(t)
	for name, tt := range map[string]struct{ next, want string }{
		"a lesson":                     {"/lessons/lesson-2", "/lessons/lesson-2"},
		"a lesson of the other kind":   {"/lessons/lesson-2/element", "/lessons/lesson-2/element"},
		"with a query":                 {"/lessons/lesson-2?a=b", "/lessons/lesson-2?a=b"},
		"nothing":                      {"", "/course"},
		"another site":                 {"http://elsewhere.example/", "/course"},
		"another site, no scheme":      {"//elsewhere.example/", "/course"},
		"three strokes":                {"///elsewhere.example/", "/course"},
		"a backslash":                  {`/\elsewhere.example/`, "/course"},
		"two backslashes":              {`\\elsewhere.example/`, "/course"},
		"a backslash farther on":       {`/lessons/..\..\/elsewhere.example`, "/course"},
		"a tab, which browsers drop":   {"/\t/elsewhere.example/", "/course"},
		"a line end, which they drop":  {"/\n/elsewhere.example/", "/course"},
		"a carriage return":            {"/\r/elsewhere.example", "/course"},
		"a space before it":            {" //elsewhere.example/", "/course"},
		"a header that is smuggled in": {"/course\r\nSet-Cookie: a=b", "/course"},
		"a script":                     {"javascript:alert(1)", "/course"},
		"without a stroke":             {"lessons/lesson-2", "/course"},
		"an escape that is none":       {"/lessons/%zz", "/course"},
		"no UTF-8":                     {"/lessons/\xff", "/course"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, sidecar.URL)
			form := url.Values{"learner": {"ada"}, "next": {tt.next}}.Encode()
			resp, _ := b.do("POST", "/login", form, "Content-Type", "application/x-www-form-urlencoded")
			if got := resp.Header.Get("Location"); got != tt.want || resp.StatusCode != http.StatusSeeOther {
				t.Errorf("%s to %q, want %q", resp.Status, got, tt.want)
			}
			_, page := b.do("GET", "/login?"+url.Values{"next": {tt.next}}.Encode(), "")
			if got := strings.Contains(page, `name="next"`); got != (tt.want != "/course") {
				t.Errorf("the login page takes it along: %t", got)
			}
		})
	}
}

func TestALoginThatFailsForgetsNotWhereToGo(t *testing.T) {
	b := open(t, startSidecar(t).URL)
	form := url.Values{"learner": {" "}, "next": {"/lessons/lesson-2"}}.Encode()
	resp, page := b.do("POST", "/login", form, "Content-Type", "application/x-www-form-urlencoded")
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, `name="next" value="/lessons/lesson-2"`) {
		t.Errorf("%s %s", resp.Status, page)
	}
}
