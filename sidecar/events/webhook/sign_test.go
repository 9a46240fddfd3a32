package webhook

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// Examples that Standard Webhooks and its libraries publish.
func TestSignaturesAreThoseOfStandardWebhooks(t *testing.T) {
	for name, c := range map[string]struct {
		secret, id string
		at         int64
		body, want string
	}{
		"one": {
			"whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1731705121,
			`{"event_type":"ping","data":{"success":true}}`, "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
		},
		"another": {
			"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
			`{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := parseSecret(c.secret)
			if err != nil {
				t.Fatal(err)
			}
			if got := sign([][]byte{key}, c.id, time.Unix(c.at, 0), []byte(c.body)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := sign([][]byte{[]byte("another"), key}, c.id, time.Unix(c.at, 0), []byte(c.body)); !strings.HasSuffix(got, " "+c.want) {
				t.Errorf("while secrets change got %s, want the signature of each", got)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	for name, c := range map[string]struct{ text, wrong string }{
		"with the prefix":                 {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ""},
		"with a newline behind it":        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", ""},
		"without the prefix":              {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ""},
		"without padding":                 {strings.TrimRight(base64.StdEncoding.EncodeToString(make([]byte, 25)), "="), ""},
		"no base64":                       {"whsec_my secret!", "not base64"},
		"too short":                       {"whsec_c2hvcnQ=", "has 5 bytes"},
		"empty":                           {"", "has 0 bytes"},
		"a key of another kind, too long": {base64.StdEncoding.EncodeToString(make([]byte, 300)), "has 300 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseSecret(c.text)
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
			if err != nil && c.text != "" && strings.Contains(err.Error(), strings.TrimPrefix(c.text, secretPrefix)) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

func TestSecretsAreReadAsTheyAreNow(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		if keys, err := readSecrets(dir); err != nil || len(keys) != want {
			t.Errorf("%d secrets and %v, want %d", len(keys), err, want)
		}
	}
	if _, err := readSecrets(dir); !errors.Is(err, delivery.ErrNoSecret) {
		t.Errorf("without a file: %v", err)
	}
	const one, two = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_plJ3nmyCDGBKInavdOK15jsl"
	write(SecretFile, one)
	count(1)
	write(SecretFile, two)
	write(PreviousFile, one)
	count(2)
	write(PreviousFile, "not base64 at all")
	if _, err := readSecrets(dir); err == nil || !strings.Contains(err.Error(), PreviousFile) {
		t.Errorf("with a previous one that can't be read: %v", err)
	}
}
