package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// Checkpoint writes all of the caller's state, which state passes to add as
// changes, and removes the log and the checkpoint from before the call. When it
// returns without error, no file of the journal holds what was appended before
// the call and is not in the state.
//
// Changes may be appended meanwhile, as long as each is in the state when it is
// appended. The state may then hold a part of them, since the log holds all of
// them and is replayed over it: a change must say what is, not what is added.
//
// Errors are ErrFailed, ErrNoSpace, and those of ctx and state; after all but the
// first the journal goes on as if it had not been called.
func (j *Journal) Checkpoint(ctx context.Context, state func(add func(changes []byte) error) error) error {
	j.checkpoints.Lock()
	defer j.checkpoints.Unlock()
	if err := j.checkpoint(ctx, state); err != nil {
		return fmt.Errorf("making a checkpoint: %w", err)
	}
	return nil
}

func (j *Journal) checkpoint(ctx context.Context, state func(add func(changes []byte) error) error) error {
	first, written, err := j.beginCheckpoint()
	if err != nil {
		return err
	}
	dropped := j.size.dropped.Load()
	c, err := newCheckpoint(j, first)
	if err != nil {
		return err
	}
	err = state(func(changes []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return c.add(changes)
	})
	if err == nil {
		err = c.finish()
	}
	if err != nil {
		return errors.Join(err, c.abandon())
	}
	j.size.checkpoint.Store(c.end)
	j.size.written.Add(-written)
	j.size.dropped.Add(-dropped)
	j.size.replayed.Store(false)
	if err := j.removeBefore(first.number); err != nil {
		return err
	}
	return j.refill()
}

// beginCheckpoint begins a segment, and returns its header and the bytes in the
// log before it.
func (j *Journal) beginCheckpoint() (header, int64, error) {
	j.lead <- struct{}{}
	defer func() { <-j.lead }()
	for {
		if err := j.commit(); err != nil {
			return header{}, 0, err
		}
		if j.log.end == headerSize {
			break
		}
		if err := j.prepare(0); err != nil {
			return header{}, 0, err
		}
		if j.queue.rotate() {
			// What room is left is for the checkpoint first.
			if err := j.log.rotate(); err != nil {
				return header{}, 0, j.fault.take("going on in the next log", err)
			}
			break
		}
	}
	return j.log.header, j.size.written.Load(), nil
}

// checkpoint is a file that is being written.
type checkpoint struct {
	j      *Journal
	name   string
	header header
	file   disk.File
	frame  []byte
	frames uint64
	end    int64 // of what is written
	begun  int64 // of that, how much the disk was given
}

const (
	// checkpointFrame is the payload at which a frame is written.
	checkpointFrame = 128 << 10
	// checkpointStep is how much the disk is given at once, so that a sync of the
	// log that comes meanwhile has little to wait for.
	checkpointStep = 256 << 10
)

func newCheckpoint(j *Journal, first header) (*checkpoint, error) {
	c := &checkpoint{
		j: j, name: checkpointKind.name(first.number), end: headerSize,
		header: header{kind: checkpointKind, number: first.number, first: first.first, salt: newSalt()},
		frame:  make([]byte, frameHeader, checkpointFrame+checkpointFrame/4),
	}
	var err error
	if c.file, err = j.files.create(c.name, 0); err != nil {
		return nil, j.fault.judge("creating a checkpoint", err)
	}
	if _, err := c.file.WriteAt(c.header.encode(), 0); err != nil {
		return nil, errors.Join(j.fault.judge("beginning a checkpoint", err), c.abandon())
	}
	return c, nil
}

func (c *checkpoint) add(changes []byte) error {
	if c.j.fault.failed() {
		return ErrFailed
	}
	c.frame = append(c.frame, changes...)
	if len(c.frame) < checkpointFrame {
		return nil
	}
	return c.flush()
}

// flush writes the frame that was gathered.
func (c *checkpoint) flush() error {
	if len(c.frame) == frameHeader {
		return nil
	}
	c.frames++
	if err := c.write(c.frames); err != nil {
		return err
	}
	if c.end-c.begun < checkpointStep {
		return nil
	}
	c.begun = c.end
	// All of it, so as to wait for what was begun before.
	if err := c.file.Begin(0, c.end); err != nil {
		return c.j.fault.judge("writing a checkpoint", err)
	}
	return nil
}

func (c *checkpoint) write(sequence uint64) error {
	frame := sealFrame(c.frame, c.header.salt, sequence)
	if _, err := c.file.WriteAt(frame, c.end); err != nil {
		return c.j.fault.judge("writing a checkpoint", err)
	}
	c.end += int64(len(frame))
	c.j.files.resize(c.name+unfinishedSuffix, c.end)
	c.frame = frame[:frameHeader]
	return nil
}

// finish makes the checkpoint count. The log is synced before, since the state
// may hold a part of a change.
func (c *checkpoint) finish() error {
	if err := c.flush(); err != nil {
		return err
	}
	through, err := c.j.syncedThrough()
	if err != nil {
		return err
	}
	c.frame = appendEnd(c.frame, c.frames, through)
	if err := c.write(0); err != nil {
		return err
	}
	// Some file systems say only here that they are full. What is on the disk then
	// doesn't matter, since the file is removed.
	if err := c.file.Sync(); err != nil {
		return c.j.fault.judge("syncing a checkpoint", err)
	}
	if err := c.j.files.finish(c.name, c.name); err != nil {
		return c.j.fault.take("naming a checkpoint", err)
	}
	if err := c.file.Close(); err != nil {
		return c.j.fault.take("closing a checkpoint", err)
	}
	return nil
}

// abandon removes what was written of an unfinished checkpoint.
func (c *checkpoint) abandon() error {
	if c.j.fault.failed() {
		_ = c.file.Close()
		return nil
	}
	if err := errors.Join(c.file.Close(), c.j.files.remove(c.name+unfinishedSuffix)); err != nil {
		return c.j.fault.take("removing an unfinished checkpoint", err)
	}
	return nil
}

// syncedThrough returns the sequence of the log's last frame when the disk has
// all that was appended.
func (j *Journal) syncedThrough() (uint64, error) {
	j.lead <- struct{}{}
	defer func() { <-j.lead }()
	err := j.commit()
	return j.log.sequence, err
}

// removeBefore removes what a checkpoint with the given number stands for.
func (j *Journal) removeBefore(number uint64) error {
	gone := j.files.names(func(name string) bool {
		n, isSegment := segmentKind.number(name)
		if !isSegment {
			var isCheckpoint bool
			if n, isCheckpoint = checkpointKind.number(name); !isCheckpoint {
				return false
			}
		}
		return n < number
	})
	for _, name := range gone {
		if err := j.files.remove(name); err != nil {
			return j.fault.take("removing what a checkpoint replaced", err)
		}
	}
	if err := j.files.sync(); err != nil {
		return j.fault.take("removing what a checkpoint replaced", err)
	}
	return nil
}
