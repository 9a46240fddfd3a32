package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const (
	cookieName = "lms-session"
	// tokenCookieName is of a cookie that scripts can read. It has the token that
	// pages send along, so that a tab that was open before its learner signed in
	// again has the right one.
	tokenCookieName = "lms-csrf"
	sessionAge      = 12 * time.Hour
)

// session is who has logged in. It is in a signed cookie, so that each replica
// of the LMS knows it.
type session struct {
	Learner string    `json:"learner"`
	ID      string    `json:"id"`
	Ends    time.Time `json:"ends"`
}

type sessions struct{ key []byte }

func (s sessions) sign(purpose, text string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(purpose + "\n" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s sessions) begin(w http.ResponseWriter, r *http.Request, learner string) error {
	began := session{Learner: learner, ID: rand.Text(), Ends: time.Now().Add(sessionAge)}
	text, err := json.Marshal(began)
	if err != nil {
		return err
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	s.set(w, r, cookieName, body+"."+s.sign("session", body), int(sessionAge.Seconds()))
	s.set(w, r, tokenCookieName, s.token(began), int(sessionAge.Seconds()))
	return nil
}

func (s sessions) end(w http.ResponseWriter, r *http.Request) {
	s.set(w, r, cookieName, "", -1)
	s.set(w, r, tokenCookieName, "", -1)
}

// tell sets the token's cookie again where it is missing or another session's.
func (s sessions) tell(w http.ResponseWriter, r *http.Request, of session) {
	if cookie, err := r.Cookie(tokenCookieName); err != nil || !s.rightToken(of, cookie.Value) {
		s.set(w, r, tokenCookieName, s.token(of), int(time.Until(of.Ends).Seconds()))
	}
}

func (sessions) set(w http.ResponseWriter, r *http.Request, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: age,
		HttpOnly: name == cookieName, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
}

// of is the session of a request; false if there is none that is valid.
func (s sessions) of(r *http.Request) (session, bool) {
	var found session
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return found, false
	}
	body, mac, _ := strings.Cut(cookie.Value, ".")
	if !hmac.Equal([]byte(mac), []byte(s.sign("session", body))) {
		return found, false
	}
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || json.Unmarshal(text, &found) != nil {
		return found, false
	}
	return found, time.Now().Before(found.Ends)
}

// token is what pages of the session send along (CSRF).
func (s sessions) token(of session) string { return s.sign("csrf", of.ID) }

func (s sessions) rightToken(of session, token string) bool {
	return hmac.Equal([]byte(token), []byte(s.token(of)))
}
