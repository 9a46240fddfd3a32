package hop

import (
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

const (
	// maxItems and maxBytes are the most that one request has, so that a call waits for
	// no more than that before it. A call that has more makes several requests.
	maxItems = 2000
	maxBytes = 4 << 20
)

// call is what one caller has for the peer, already written.
type call struct {
	kind    wire.Kind
	count   int
	encoded []byte
	hints   []wire.Hint   // of the items that have one
	seen    []wire.Seen   // in the items that say so
	done    chan struct{} // has one when results or err are there
	results []buffer.Result
	err     error
}

func newCalls() *sync.Pool {
	return &sync.Pool{New: func() any { return &call{done: make(chan struct{}, 1)} }}
}

// isFull reports whether the call takes no further item.
func (c *call) isFull() bool { return c.count >= maxItems || len(c.encoded) >= maxBytes }

// gather takes the first calls that go into one request, at least one.
func gather(waiting []*call) (together, rest []*call) {
	items, bytes := 0, 0
	for i, c := range waiting {
		items, bytes = items+c.count, bytes+len(c.encoded)
		if i > 0 && (c.kind != waiting[0].kind || items > maxItems || bytes > maxBytes) {
			return waiting[:i], waiting[i:]
		}
	}
	return waiting, nil
}

// batch is what one request has. It is not used again: a connection may go on reading
// the body after the request has ended.
type batch struct {
	body []byte
	// How many bytes of body are before the hints, and before what was seen.
	plain, hinted int
	items         int
}

// write makes one batch of calls.
func write(calls []*call, sender wire.Sender, number uint64) batch {
	b, size, hints, seen := batch{}, wire.HeadBytes, 0, 0
	for _, c := range calls {
		b.items, size, hints, seen = b.items+c.count, size+len(c.encoded), hints+len(c.hints), seen+len(c.seen)
	}
	if hints > 0 {
		size += (hints + 1) * wire.MaxHintBytes
	}
	if seen > 0 {
		size += (seen + 1) * wire.MaxSeenBytes
	}
	b.body = wire.AppendHead(make([]byte, 0, size), wire.Head{Sender: sender, Number: number, Kind: calls[0].kind, Count: b.items})
	for _, c := range calls {
		b.body = append(b.body, c.encoded...)
	}
	b.plain = len(b.body)
	if hints > 0 {
		b.body = wire.AppendHints(b.body, hintsOf(calls, hints))
	}
	b.hinted = len(b.body)
	if seen > 0 {
		b.body = wire.AppendSeen(b.body, hints > 0, seenIn(calls, seen))
	}
	return b
}

// hintsOf are the hints of all calls, as those of one batch.
func hintsOf(calls []*call, count int) []wire.Hint {
	all, before := make([]wire.Hint, 0, count), 0
	for _, c := range calls {
		for _, h := range c.hints {
			h.Index += before
			all = append(all, h)
		}
		before += c.count
	}
	return all
}

// seenIn is what all calls say was seen, as in one batch.
func seenIn(calls []*call, count int) []wire.Seen {
	all, before := make([]wire.Seen, 0, count), 0
	for _, c := range calls {
		for _, s := range c.seen {
			s.Index += before
			all = append(all, s)
		}
		before += c.count
	}
	return all
}

// reads is what a peer reads behind updates. Who reads segments reads hints.
type reads struct{ hints, segments bool }

// bodyFor is the body for a peer that reads this. What is left out for a peer of an
// earlier version, that one could not keep.
func (b *batch) bodyFor(r reads) []byte {
	switch {
	case r.segments:
		return b.body
	case r.hints:
		return b.body[:b.hinted]
	default:
		return b.body[:b.plain]
	}
}

// share gives each call its results, or all of them the error.
func share(calls []*call, results []buffer.Result, err error) {
	for _, c := range calls {
		if c.err = err; err == nil {
			c.results, results = results[:c.count:c.count], results[c.count:]
		}
		c.done <- struct{}{}
	}
}
