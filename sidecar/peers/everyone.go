package peers

import (
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

// All sends r, which has no body, to every other candidate. For each it returns the body
// of its answer, nil if it has not done what was asked when the context of r ends.
func (p *Peers) All(r *http.Request) [][]byte {
	t := p.term.Load()
	if !t.hasPeers() {
		return nil
	}
	return askEach(r, waysToOthers(t)) //nolint:bodyclose // it is in memory
}

// askEach sends r along every way, and returns what ask does; a way may be nil.
func askEach(r *http.Request, ways []http.RoundTripper) [][]byte {
	answers := make([][]byte, len(ways))
	var asking errgroup.Group
	asking.SetLimit(askedAtOnce)
	for i, way := range ways {
		asking.Go(func() error {
			answers[i] = ask(r, way) //nolint:bodyclose // it is in memory
			return nil
		})
	}
	_ = asking.Wait() // there are no errors
	return answers
}

// waysToOthers are the ways to the other candidates, nil for one that there is none to.
func waysToOthers(t *term) (ways []http.RoundTripper) {
	for _, other := range others(t.set(), t.o.Writer) {
		var way http.RoundTripper
		if link := t.links.To(other.ID); link != nil {
			way = link
		}
		ways = append(ways, way)
	}
	return ways
}

// ask is the body of one member's answer, nil if it has not done what was asked.
func ask(r *http.Request, way http.RoundTripper) []byte {
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
	if err != nil || answer.StatusCode/100 != 2 {
		return nil
	}
	return body
}

// WhileHome returns a context that ends when the learner has another home than at the
// call. end frees what that takes.
func (p *Peers) WhileHome(ctx context.Context, userID string) (while context.Context, end func()) {
	return whileSame(ctx, func() uuid.UUID { return p.homeOf(userID) }, p.changedSet)
}

// IsElsewhere reports whether another sidecar is the learner's home.
func (p *Peers) IsElsewhere(userID string) bool {
	_, self := p.set().Home(userID)
	return !self
}

// homeOf is the writer at a learner's home: this sidecar while it knows nobody.
func (p *Peers) homeOf(userID string) uuid.UUID {
	home, self := p.set().Home(userID)
	if self {
		return p.o.Writer
	}
	return home.Writer
}

// changedSet is closed when there may be another set, nil while nobody tells.
func (p *Peers) changedSet() <-chan struct{} {
	if t := p.term.Load(); t.hasPeers() {
		return t.handover.View().Replaced()
	}
	return nil
}

// whileSame returns a context that ends when a writer is another one than at the call.
// changed returns what is closed then; end frees what this takes.
func whileSame(
	ctx context.Context, writer func() uuid.UUID, changed func() <-chan struct{},
) (while context.Context, end func()) {
	while, cancel := context.WithCancel(ctx)
	first := writer()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		defer cancel()
		check := time.NewTicker(homeCheck)
		defer check.Stop()
		for {
			next := changed() // before the writer, so that no change is missed
			if writer() != first {
				return
			}
			select {
			case <-next:
			case <-check.C:
			case <-while.Done():
				return
			}
		}
	}()
	return while, func() { cancel(); <-watched }
}
