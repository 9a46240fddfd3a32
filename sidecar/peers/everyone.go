package peers

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

const (
	// askedAtOnce is how many members are asked at the same time.
	askedAtOnce = 16
	// maxTold is the most bytes of a member's answer that are read.
	maxTold = 64 << 10
	// homeCheck is how often a learner's home is sought again while the sidecar is
	// enrolled nowhere, and so hears of no change.
	homeCheck = 10 * time.Second
)

// All sends r, which has no body, to every other candidate, and returns the answer of
// each, nil for one that did not answer before the context of r ended.
func (p *Peers) All(r *http.Request) []*http.Response {
	t := p.term.Load()
	if t == nil {
		return nil
	}
	others := p.others(t)
	answers := make([]*http.Response, len(others))
	var asking errgroup.Group
	asking.SetLimit(askedAtOnce)
	for i, link := range others {
		asking.Go(func() error {
			answers[i] = tell(r, link)
			return nil
		})
	}
	_ = asking.Wait() // there are no errors
	return answers
}

// others are the ways to the other candidates, nil for one that there is no way to yet.
func (p *Peers) others(t *term) (ways []http.RoundTripper) {
	for _, m := range t.roll.Set().Candidates() {
		if m.Writer == p.o.Writer {
			continue
		}
		var way http.RoundTripper
		if link := t.links.To(m.Writer.String()); link != nil {
			way = link
		}
		ways = append(ways, way)
	}
	return ways
}

// tell asks one member, and returns nil if it does not answer.
func tell(r *http.Request, way http.RoundTripper) *http.Response {
	if way == nil {
		return nil
	}
	u := *r.URL
	u.Scheme, u.Host, u.Path = "https", "peer", wire.APIPath+u.Path
	if u.RawPath != "" {
		u.RawPath = wire.APIPath + u.RawPath
	}
	request := &http.Request{Method: r.Method, URL: &u, Host: u.Host, Header: http.Header{}}
	answer, err := way.RoundTrip(request.WithContext(r.Context()))
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxTold))
	_ = answer.Body.Close()
	if err != nil {
		return nil
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer
}

// WhileHome returns a context that ends when the learner has another home than at the
// call. end frees what that takes.
func (p *Peers) WhileHome(ctx context.Context, userID string) (while context.Context, end func()) {
	while, cancel := context.WithCancel(ctx)
	home := p.homeOf(userID)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		defer cancel()
		for {
			changed := p.changedSet()
			if p.homeOf(userID) != home || !p.waitForSet(while, changed) {
				return
			}
		}
	}()
	return while, func() { cancel(); <-watched }
}

// homeOf is the writer at a learner's home: this sidecar while it knows nobody.
func (p *Peers) homeOf(userID string) uuid.UUID {
	home, self := p.set().Home(userID)
	if self {
		return p.o.Writer
	}
	return home.Writer
}

// changedSet is closed when there may be another set, nil if nobody tells.
func (p *Peers) changedSet() <-chan struct{} {
	if t := p.term.Load(); t != nil {
		return t.roll.Changed()
	}
	return nil
}

// waitForSet returns when there may be another set, and false if ctx has ended.
func (p *Peers) waitForSet(ctx context.Context, changed <-chan struct{}) bool {
	timer := time.NewTimer(homeCheck)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
