package receiver

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// message is a request as it came.
type message struct {
	id, timestamp, signatures string
	body                      []byte
	events                    []Body
}

// Body of an event: CloudEvents 1.0 in JSON.
type Body struct {
	SpecVersion, ID, Source, Type, Subject, DataContentType string
	Time                                                    time.Time
	Data                                                    json.RawMessage
}

func parse(r *http.Request, body []byte) (m message, err error) {
	m = message{
		id: r.Header.Get("webhook-id"), timestamp: r.Header.Get("webhook-timestamp"), signatures: r.Header.Get("webhook-signature"), body: body,
	}
	switch kind := r.Header.Get("Content-Type"); kind {
	case "application/cloudevents+json":
		m.events = make([]Body, 1)
		err = json.Unmarshal(m.body, &m.events[0])
	case "application/cloudevents-batch+json":
		err = json.Unmarshal(m.body, &m.events)
	default:
		err = fmt.Errorf("content type %q", kind)
	}
	switch {
	case err != nil:
		return m, err
	case r.Method != http.MethodPost || len(m.events) == 0 || m.id == "":
		return m, fmt.Errorf("%s with %d events and id %q", r.Method, len(m.events), m.id)
	case len(m.events) == 1 && m.events[0].ID != m.id:
		return m, fmt.Errorf("its id is %s, that of its event %s", m.id, m.events[0].ID)
	}
	ids := map[string]bool{}
	for _, e := range m.events {
		if e.SpecVersion != "1.0" || e.ID == "" || e.Source == "" || e.Type == "" || ids[e.ID] {
			return m, fmt.Errorf("event %q is no CloudEvent, or is there twice", e.ID)
		}
		ids[e.ID] = true
	}
	return m, nil
}

// oldest is how long ago a request may have been signed.
const oldest = 5 * time.Minute

// genuine reports whether a request has the signature of one of the secrets, and the events
// that one of its id had before.
func (r *Receiver) genuine(m message) error {
	seconds, err := strconv.ParseInt(m.timestamp, 10, 64)
	if age := time.Since(time.Unix(seconds, 0)).Abs(); err != nil || age > oldest {
		return fmt.Errorf("it was signed at %q", m.timestamp)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	signed := func(secret string) bool {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		mac := hmac.New(sha256.New, key)
		mac.Write(bytes.Join([][]byte{[]byte(m.id), []byte(m.timestamp), m.body}, []byte(".")))
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		return err == nil && slices.Contains(strings.Fields(m.signatures), want)
	}
	if !slices.ContainsFunc(r.secrets, signed) {
		return fmt.Errorf("no secret of %d gives a signature of %q", len(r.secrets), m.signatures)
	}
	var ids []string
	for _, e := range m.events {
		ids = append(ids, e.ID)
	}
	all := strings.Join(ids, " ")
	if before, known := r.requests[m.id]; known && before != all {
		return fmt.Errorf("request %s has the events %s, it had %s", m.id, all, before)
	}
	r.requests[m.id] = all
	return nil
}
