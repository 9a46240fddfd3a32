package receiver

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// post sends an event with an id as its own program would, and returns the status, 0 if no
// answer came.
func post(t *testing.T, r *Receiver, secret, id string) int {
	t.Helper()
	body := `{"specversion":"1.0","id":"` + id + `","source":"/s","type":"t","data":{}}`
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "." + body))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL(), bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{
		"Content-Type": {"application/cloudevents+json"}, "Webhook-Id": {id}, "Webhook-Timestamp": {stamp},
		"Webhook-Signature": {"v1,bad v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close() // it has none
	return response.StatusCode
}

func TestAReceiverHasTheFaultsThatItIsGiven(t *testing.T) {
	const known, other = "a25vd24=", "b3RoZXI="
	for name, c := range map[string]struct {
		fault  func(t *testing.T, r *Receiver)
		secret string
		want   [2]int // answers to the same event, one after the other
		taken  int
		found  int
	}{
		"none":              {func(*testing.T, *Receiver) {}, known, [2]int{200, 200}, 2, 0},
		"a secret unknown":  {func(*testing.T, *Receiver) {}, other, [2]int{400, 400}, 0, 2},
		"poison":            {func(_ *testing.T, r *Receiver) { r.Pour() }, known, [2]int{500, 500}, 0, 0},
		"answers are lost":  {func(_ *testing.T, r *Receiver) { r.LoseAnswers(true) }, known, [2]int{0, 200}, 1, 0},
		"it is away":        {func(t *testing.T, r *Receiver) { leave(t, r) }, known, [2]int{0, 0}, 0, 0},
		"it is cured again": {func(_ *testing.T, r *Receiver) { r.Pour(); r.Cure() }, known, [2]int{200, 200}, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Start()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { leave(t, r) })
			r.Trust("whsec_" + known)
			c.fault(t, r)
			got := [2]int{post(t, r, c.secret, "1"), post(t, r, c.secret, "1")}
			if taken, found := r.Events()["1"].Taken, len(r.Findings()); got != c.want || taken != c.taken || found != c.found {
				t.Errorf("%v, taken %d times, %d findings", got, taken, found)
			}
		})
	}
}

func leave(t *testing.T, r *Receiver) {
	t.Helper()
	if err := r.Leave(); err != nil {
		t.Fatal(err)
	}
}
