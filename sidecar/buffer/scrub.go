package buffer

import (
	"context"
	"fmt"
	"time"
)

const (
	scrubTimeout = time.Minute
	scrubPause   = 5 * time.Millisecond
)

// wantScrub notes, on disk too, that the spool's files hold what must go. All
// lanes are locked.
func (b *Buffer) wantScrub(c change) {
	c.put([]byte{prefixScrub}, []byte{entryVersion})
	b.scrubWanted.Add(1)
}

// Scrub returns when no file of the spool holds what Erase and ForgetErasure
// removed before. The buffer does so by itself, soon after them and after a
// restart; Scrub is for a caller who wants to know. Until ForgetErasure the
// learner's id, and only that, is still there.
//
// The files are removed from the file system, which may write over their blocks
// later.
func (b *Buffer) Scrub(ctx context.Context) error {
	if err := b.enter(); err != nil {
		return fmt.Errorf("scrubbing the spool: %w", err)
	}
	defer b.leave()
	return wrap("scrubbing the spool", b.scrub(ctx))
}

func (b *Buffer) scrub(ctx context.Context) error {
	b.scrubbing.Lock()
	defer b.scrubbing.Unlock()
	l := b.lanes[0]
	l.mu.Lock() // what is wanted has been appended then
	want := b.scrubWanted.Load()
	l.mu.Unlock()
	if want == b.scrubbed {
		return nil
	}
	if err := b.journal.scrub(ctx); err != nil {
		return err
	}
	b.scrubbed = want
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.scrubWanted.Load() != want {
		return nil
	}
	c := b.journal.begin()
	c.delete([]byte{prefixScrub})
	return b.journal.appendLazily(c)
}

// scrubSoon is scrub for the buffer itself. When it fails it is tried again; an
// error of the disk shows in Failed.
func (b *Buffer) scrubSoon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, scrubTimeout)
	defer cancel()
	_ = b.scrub(ctx)
}
