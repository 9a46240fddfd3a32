package spool

import "sync"

// batchSizes knows the sizes of the batches that are on the disk, since a small
// change can make a large one useless.
type batchSizes struct {
	mu    sync.Mutex
	bytes map[batchName]int64
}

type batchName struct {
	lane   int
	number uint64
}

// set notes a batch's size, 0 for none, and returns the one it had before.
func (b *batchSizes) set(lane int, number uint64, bytes int64) (before int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := batchName{lane, number}
	before = b.bytes[name]
	if bytes == 0 {
		delete(b.bytes, name)
	} else {
		b.bytes[name] = bytes
	}
	return before
}
