//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

// receiver is the LMS's own address for events, and its record store, outside the cluster,
// with a certificate of a CA that no image knows.
type receiver struct {
	*httptest.Server
	key []byte // that requests are signed with

	mu      sync.Mutex
	status  int
	lessons []string // whose completion was taken
	said    []string // what statements say, verb and learner
	wrong   error
}

const (
	receiverSecret     = "lms-webhook"
	storeAuthorization = "Bearer of the e2e tests"
)

// newReceiver stores the Secret by which pods and receiver trust each other.
func (c *campus) newReceiver() *receiver {
	c.t.Helper()
	r := &receiver{key: []byte("a key of the e2e tests"), status: http.StatusNoContent}
	certificate, authority := selfSigned(c.t, c.host)
	listener, err := net.Listen("tcp", net.JoinHostPort(c.host, "0"))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Server = &httptest.Server{
		Listener: listener, TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		Config: &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)},
	}
	r.StartTLS()
	c.t.Cleanup(r.Close)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: receiverSecret},
		StringData: map[string]string{"secret": "whsec_" + base64.StdEncoding.EncodeToString(r.key), "authorization": storeAuthorization, "ca.crt": authority},
	}
	if err := c.client.Create(c.t.Context(), secret); err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	if request.URL.Path == "/xapi/statements" {
		r.store(request.Header, body)
		return
	}
	lesson, err := r.lessonOf(request.Header, body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong = errors.Join(r.wrong, err); err == nil && r.status < 300 {
		r.lessons = append(r.lessons, lesson)
	}
	w.WriteHeader(r.status)
}

// store takes statements as a record store does, which answers 200 by itself.
func (r *receiver) store(header http.Header, body []byte) {
	var statements []struct {
		Actor struct{ Account struct{ Name string } }
		Verb  struct{ Display map[string]string }
	}
	err := json.Unmarshal(body, &statements)
	if header.Get("Authorization") != storeAuthorization {
		err = errors.New("the record store is asked by a stranger")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = errors.Join(r.wrong, err)
	for _, s := range statements {
		r.said = append(r.said, s.Verb.Display["en-US"]+" "+s.Actor.Account.Name)
	}
}

// heard reports whether the record store has heard this, each once, in this order.
func (r *receiver) heard(said ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong != nil {
		return r.wrong
	}
	return kit.Unless(slices.Equal(r.said, said), r.said)
}

// lessonOf is the lesson that an event tells of, if the request is signed as Standard
// Webhooks say.
func (r *receiver) lessonOf(header http.Header, body []byte) (string, error) {
	mac := hmac.New(sha256.New, r.key)
	fmt.Fprintf(mac, "%s.%s.%s", header.Get("webhook-id"), header.Get("webhook-timestamp"), body)
	if !slices.Contains(strings.Fields(header.Get("webhook-signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
		return "", fmt.Errorf("the signature %q is not by the Secret", header.Get("webhook-signature"))
	}
	var event struct {
		Type string
		Data struct{ LessonID string }
	}
	if err := json.Unmarshal(body, &event); err != nil || event.Type != string(v1alpha1.EventLessonCompleted) {
		return "", fmt.Errorf("an event is no completion: %w, %s", err, body)
	}
	return event.Data.LessonID, nil
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// took reports whether it has taken the completions of these lessons, each once.
func (r *receiver) took(lessons ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong != nil {
		return r.wrong
	}
	return kit.Unless(slices.Equal(r.lessons, lessons), r.lessons)
}

func selfSigned(t *testing.T, host string) (certificate tls.Certificate, authority string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.ParseIP(host)}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// Hooks of the LMS wait for completions, and its operators hear when they don't come.
func TestCompletionsReachTheLMSAndThePolicySaysWhenTheyDoNot(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	r := c.newReceiver()
	c.apply(func(spec *v1alpha1.ProgressSyncPolicySpec) {
		spec.Events = v1alpha1.EventsSpec{Enabled: true, RetentionDays: 1, Webhook: &v1alpha1.WebhookSpec{
			URL: r.URL + "/progress-events", SecretRef: v1alpha1.WebhookSecretRef{Name: receiverSecret},
		}, XAPI: &v1alpha1.XAPISpec{
			Endpoint: r.URL + "/xapi", HomePage: "https://lms.example.com", SecretRef: v1alpha1.XAPISecretRef{Name: receiverSecret},
		}}
	})
	pod := c.start(c.lmsPod("lms-0"))
	report := func(lesson, what string) {
		t.Helper()
		code, _, answer := c.post(c.forward(t, pod.Name)+"/v1/progress", "application/json",
			`{"userId":"ada","courseId":"go","lessonId":"`+lesson+`",`+what+`}`)
		if code != http.StatusOK && code != http.StatusAccepted {
			t.Fatalf("%d: %s", code, answer)
		}
	}
	delivered := func(status metav1.ConditionStatus, reason string) func(*v1alpha1.ProgressSyncPolicy) error {
		return func(p *v1alpha1.ProgressSyncPolicy) error {
			return condition(p, v1alpha1.ConditionEventsDelivered, status, reason)
		}
	}
	report("first", `"completed":true`)
	kit.EventuallyWithin(t, patience, "the LMS to hear of a completion", func() error { return r.took("first") })
	c.eventuallyPolicy("the policy says that events arrive", delivered(metav1.ConditionTrue, ""))

	kit.EventuallyWithin(t, patience, "the record store to hear of a completion", func() error { return r.heard("completed ada") })
	report("first", `"leaving":true`)
	kit.EventuallyWithin(t, patience, "the record store to hear that the session is over", func() error { return r.heard("completed ada", "terminated ada") })

	r.answer(http.StatusInternalServerError)
	report("second", `"completed":true`)
	c.eventuallyPolicy("the policy says that the LMS refuses events", delivered(metav1.ConditionFalse, v1alpha1.ReasonWebhookRefused))

	r.answer(http.StatusNoContent)
	kit.EventuallyWithin(t, patience, "the LMS to hear of what it refused", func() error { return r.took("first", "second") })
	c.eventuallyPolicy("the policy says that events arrive again", delivered(metav1.ConditionTrue, ""))
	if err := unrestarted(pod); err != nil {
		t.Error(err)
	}
}
