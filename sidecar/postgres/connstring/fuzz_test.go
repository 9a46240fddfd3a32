package connstring

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

func sprint(v any) string { return fmt.Sprintf("%v %+v %#v %s", v, v, v, v) }

// FuzzParse holds for any text: no panic, every host is in the text, and an
// error is an *Error.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		base, base + "?sslmode=require&schema=public", "host=db.internal user=lms", "postgres://a,b:1,[::1]/", `"` + base,
		"postgres://lms@%2Fvar%2Frun/db", "postgres://lms:a%40b@h/?host=x,y&port=1,2", "user=lms host='a b'", "postgres://u:p?a/b@h",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target, err := Parse(text)
		if err == nil {
			var c *pgx.ConnConfig
			if c, err = target.Config(); err == nil {
				hosts := []string{c.Host}
				for _, fallback := range c.Fallbacks {
					hosts = append(hosts, fallback.Host)
				}
				for _, host := range hosts {
					if !names(text, host) {
						t.Errorf("host %q is not in %q", host, text)
					}
				}
			}
		}
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Errorf("an error of another kind: %T", err)
		}
	})
}

// names reports whether a host stands in a text, perhaps encoded or escaped.
func names(text, host string) bool {
	decoded := regexp.MustCompile("%[0-9A-Fa-f]{2}").ReplaceAllStringFunc(text, func(s string) string {
		c, err := url.PathUnescape(s)
		if err != nil {
			return s
		}
		return c
	})
	return strings.Contains(decoded, host) || strings.Contains(strings.ReplaceAll(text, `\`, ""), host)
}

// FuzzAnErrorNeverHoldsThePassword puts a password between any other bytes.
func FuzzAnErrorNeverHoldsThePassword(f *testing.F) {
	f.Add("", "", "sslmode=always")
	f.Add("x@h/?", "=1#", "a=b")
	f.Add("p/", "/", "frobnicate=1")
	f.Add("12?a=", "&b=%zz", "sslrootcert=/nowhere")
	f.Add(" ", "'", "password=x&y=z")
	f.Fuzz(func(t *testing.T, before, after, query string) {
		if strings.Contains(query, "hunter2") {
			return
		}
		password := before + "hunter2" + after
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password)
		for _, text := range []string{
			"postgres://lms:" + password + "@db.internal/campus?" + query,
			"jdbc:postgresql://db.internal/campus?user=lms&password=" + password + "&" + query,
			"postgres://db.internal/campus?user=lms&password=" + password + "&" + query,
			"host=db.internal user=lms password=" + password,
			"host=db.internal user=lms password='" + quoted + "' " + query,
			"Host=db.internal;Username=lms;Password=" + password,
			password,
		} {
			target, err := Parse(text)
			if err == nil {
				_, err = target.Config()
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

// TestAURIOfLibpqKeepsItsMeaning compares with pgx, which follows libpq.
func TestAURIOfLibpqKeepsItsMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		free := rapid.StringMatching(`[a-zA-Z0-9@:/?#%+&= '\\é]{1,8}`)
		word := rapid.StringMatching(`[a-z][a-z0-9_.-]{0,8}`)
		encoded := func(name string) string { // all that a person would encode
			return strings.NewReplacer(":", "%3A", "@", "%40", "&", "%26", "=", "%3D", "+", "%2B").Replace(url.PathEscape(free.Draw(t, name)))
		}
		text := "postgres://" + encoded("role") + ":" + encoded("password") + "@"
		hosts := rapid.SliceOfN(word, 1, 3).Draw(t, "hosts")
		for i, host := range hosts {
			if i > 0 {
				text += ","
			}
			text += host
			if rapid.Bool().Draw(t, "port") {
				text += fmt.Sprintf(":%d", rapid.IntRange(1, 65535).Draw(t, "number"))
			}
		}
		text += "/" + encoded("database") + "?sslmode=" + rapid.SampledFrom(sslModes()).Draw(t, "sslmode") +
			"&search_path=" + word.Draw(t, "path")
		want, err := pgx.ParseConfig(text)
		if err != nil {
			t.Fatal(err)
		}
		target, err := Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		got, err := target.Config()
		if err != nil {
			t.Fatal(err)
		}
		if got.User != want.User || got.Password != want.Password || got.Database != want.Database ||
			got.Host != want.Host || got.Port != want.Port || len(got.Fallbacks) != len(want.Fallbacks) ||
			(got.TLSConfig == nil) != (want.TLSConfig == nil) || !maps.Equal(got.RuntimeParams, want.RuntimeParams) {
			t.Errorf("%q: got %+v, want %+v", text, got.Config, want.Config)
		}
		for i := range got.Fallbacks {
			if got.Fallbacks[i].Host != want.Fallbacks[i].Host || got.Fallbacks[i].Port != want.Fallbacks[i].Port {
				t.Errorf("%q: host %d is %+v, want %+v", text, i+2, got.Fallbacks[i], want.Fallbacks[i])
			}
		}
	})
}
