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

// write is the body of one request. It is not used again: a connection may go on
// reading it after the request has ended.
func write(calls []*call, sender wire.Sender, number uint64) (body []byte, items int) {
	size := wire.HeadBytes
	for _, c := range calls {
		items, size = items+c.count, size+len(c.encoded)
	}
	body = wire.AppendHead(make([]byte, 0, size), wire.Head{Sender: sender, Number: number, Kind: calls[0].kind, Count: items})
	for _, c := range calls {
		body = append(body, c.encoded...)
	}
	return body, items
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
