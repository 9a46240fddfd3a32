package ingest

import (
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// pools keeps buffers between requests; large ones are left to the collector.
type pools struct {
	buffers, requests sync.Pool
	layout            *layout
}

const (
	maxPooledBytes = 64 << 10
	maxPooledItems = 256
)

func (p *pools) getBuffer() *[]byte {
	if b, ok := p.buffers.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

func (p *pools) putBuffer(b *[]byte) {
	if cap(*b) <= maxPooledBytes {
		p.buffers.Put(b)
	}
}

func (p *pools) getRequest(f form, user string, maxItems int, received progress.Instant) *request {
	q, ok := p.requests.Get().(*request)
	if !ok {
		q = newRequest(p.layout)
	}
	q.reset(f, user, maxItems, received)
	return q
}

func (p *pools) putRequest(q *request) {
	if cap(q.updates) <= maxPooledItems && cap(q.scratch) <= maxPooledBytes {
		p.requests.Put(q)
	}
}
