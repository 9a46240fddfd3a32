package ingest

import (
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
)

// pools keeps buffers between requests; large ones are left to the collector.
type pools struct {
	buffers, items sync.Pool
	layout         *scan.Layout
}

const maxPooledBytes = 64 << 10

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

func (p *pools) getItems(ask scan.Ask) *scan.Items {
	q, ok := p.items.Get().(*scan.Items)
	if !ok {
		q = p.layout.Items()
	}
	q.Reset(ask)
	return q
}

func (p *pools) putItems(q *scan.Items) {
	if q.IsSmall() {
		p.items.Put(q)
	}
}
