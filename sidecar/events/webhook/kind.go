package webhook

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// Kind is that of sending.Kind. Its secrets are read anew for each request.
type Kind struct{ dir string }

// New makes the Kind. Dir has the files SecretFile and PreviousFile, or will have.
func New(dir string) *Kind { return &Kind{dir: dir} }

// Name of the receiver in logs and metrics.
func (*Kind) Name() string { return "webhook" }

// Noun of the receiver in a sentence.
func (*Kind) Noun() string { return "the receiver of the webhook" }

// Task of a configuration, nil if it has no webhook. Sending goes on where it stands when
// the address changes; only one that answered 410 counts as another then.
func (k *Kind) Task(c config.Config) *delivery.Task {
	w := c.Events.Webhook
	if w == nil {
		return nil
	}
	batch, types := max(1, w.Batch), slices.Clone(w.Types)
	if len(types) == 0 {
		types = config.DefaultEventTypes()
	}
	return &delivery.Task{
		Receiver: delivery.Receiver{Name: delivery.NameOf(c.Policy.Namespace, c.Policy.Name), Terms: delivery.TermsOf(w), Types: types},
		URL:      w.URL, Batch: batch,
		Request: func(source string, events []delivery.Event) (delivery.Request, error) {
			return k.request(source, events, batch > 1)
		},
	}
}

// SecretDir has the files of the mounted Secret.
func (k *Kind) SecretDir() string { return k.dir }

// Ready says whether there is something to sign with.
func (k *Kind) Ready() error {
	_, err := readSecrets(k.dir)
	return err
}

// Meaning of an answer's status, however many events were sent.
func (*Kind) Meaning(status, _ int) delivery.Meaning {
	switch {
	case status >= 200 && status < 300:
		return delivery.Taken
	case status == http.StatusGone:
		return delivery.Gone
	case status == http.StatusTooManyRequests:
		return delivery.Busy
	}
	return delivery.Refused
}

// request signs a message of the moment.
func (k *Kind) request(source string, events []delivery.Event, array bool) (delivery.Request, error) {
	keys, err := readSecrets(k.dir)
	if err != nil {
		return delivery.Request{}, err
	}
	m, err := messageOf(source, events, array)
	if err != nil {
		return delivery.Request{}, err
	}
	now := time.Now()
	header := http.Header{}
	header.Set("Content-Type", m.contentType)
	header.Set(headerID, m.id)
	header.Set(headerTimestamp, strconv.FormatInt(now.Unix(), 10))
	header.Set(headerSignature, sign(keys, m.id, now, m.body))
	return delivery.Request{Header: header, Body: m.body}, nil
}
