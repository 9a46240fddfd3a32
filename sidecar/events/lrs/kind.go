package lrs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// Kind is that of sending.Kind. Its credentials are read anew for each request.
type Kind struct{ dir string }

// New makes the Kind. Dir has the files of the mounted Secret, or will have.
func New(dir string) *Kind { return &Kind{dir: dir} }

// Name of the receiver in logs and metrics.
func (*Kind) Name() string { return "xapi" }

// Noun of the receiver in a sentence.
func (*Kind) Noun() string { return "the LRS" }

// Task of a configuration, nil if it has no LRS. A policy's webhook and its LRS are
// different receivers of the same events.
func (k *Kind) Task(c config.Config) *delivery.Task {
	x := c.Events.XAPI
	if x == nil {
		return nil
	}
	f, version := formOf(*x), cmp.Or(x.Version, config.XAPIVersions()[0])
	return &delivery.Task{
		Receiver: delivery.Receiver{
			Name:  delivery.NameOf(c.Policy.Namespace, c.Policy.Name) + "/xapi",
			Terms: delivery.TermsOf(x), Types: []string{config.EventCompleted, config.EventLeft},
		},
		URL:   strings.TrimRight(x.Endpoint, "/") + "/statements",
		Batch: cmp.Or(x.Batch, config.DefaultStatements),
		Request: func(_ string, events []delivery.Event) (delivery.Request, error) {
			return k.request(f, version, events)
		},
	}
}

// SecretDir has the files of the mounted Secret.
func (k *Kind) SecretDir() string { return k.dir }

// Ready says whether the LRS can know us.
func (k *Kind) Ready() error {
	_, err := readAuthorization(k.dir)
	return err
}

// Meaning of an answer's status. A conflict says that a statement with an id is there; ids
// follow from events, so that it is the one that was sent, perhaps in the words of another
// configuration. Of several statements any may be meant.
func (*Kind) Meaning(status, events int) delivery.Meaning {
	switch {
	case status >= 200 && status < 300, status == http.StatusConflict && events == 1:
		return delivery.Taken
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return delivery.Denied
	case status == http.StatusGone:
		return delivery.Gone
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return delivery.Busy
	}
	return delivery.Refused
}

// request is an array of statements, of one too.
func (k *Kind) request(f form, version string, events []delivery.Event) (delivery.Request, error) {
	authorization, err := readAuthorization(k.dir)
	if err != nil {
		return delivery.Request{}, err
	}
	statements := make([]statement, 0, len(events))
	for _, e := range events {
		s, err := f.statementOf(e)
		if err != nil {
			return delivery.Request{}, err
		}
		statements = append(statements, s)
	}
	body, err := json.Marshal(statements)
	if err != nil {
		return delivery.Request{}, fmt.Errorf("writing statements for the LRS: %w", err)
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("X-Experience-Api-Version", version)
	header.Set("Authorization", authorization)
	return delivery.Request{Header: header, Body: body}, nil
}
