package journal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// usualSegment is a segment's room on the disk, in bytes.
const usualSegment = 4 << 20

// log writes the segments. It is used by one goroutine at a time.
type log struct {
	files  *files
	usual  int64 // size of a segment, unless a frame is larger
	onSync func(time.Duration)

	file     disk.File
	header   header
	size     int64
	end      int64  // of what is written
	sequence uint64 // of the last frame

	spare     disk.File // becomes the next segment; nil if there is none
	spareSize int64
	spareName string // without its suffix
}

// left is how many bytes of frames the segment still takes beside its last one.
func (l *log) left() int64 { return max(0, l.size-l.end-lastSize) }

// spareRoom is left of the next segment.
func (l *log) spareRoom() int64 { return max(0, l.spareSize-headerSize-lastSize) }

// write writes a frame and returns when the disk has it.
func (l *log) write(frame []byte) error {
	frame = sealFrame(frame, l.header.salt, l.sequence+1)
	if _, err := l.file.WriteAt(frame, l.end); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	start := time.Now()
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("syncing the log: %w", err)
	}
	if l.onSync != nil {
		l.onSync(time.Since(start))
	}
	l.sequence++
	l.end += int64(len(frame))
	return nil
}

// prepare sees to it that the next segment has room for a frame of so many bytes.
// After an error the one that was prepared before is still there, since changes may
// count on it.
func (l *log) prepare(frame int64) error {
	size := max(l.usual, headerSize+frame+lastSize)
	if l.spareSize >= size {
		return nil
	}
	name := segmentKind.name(l.header.number + 1)
	if name == l.spareName {
		name = segmentKind.name(l.header.number + 2)
	}
	file, err := l.files.create(name, size)
	if err != nil {
		return fmt.Errorf("creating the next log: %w", err)
	}
	err = l.dropSpare()
	l.spare, l.spareSize, l.spareName = file, size, name
	return err
}

// dropSpare removes the prepared segment.
func (l *log) dropSpare() error {
	if l.spare == nil {
		return nil
	}
	err := errors.Join(l.spare.Close(), l.files.remove(l.spareName+unfinishedSuffix))
	l.spare, l.spareSize, l.spareName = nil, 0, ""
	if err != nil {
		return fmt.Errorf("removing an unused log: %w", err)
	}
	return nil
}

// rotate goes on in the next segment, which is prepared.
func (l *log) rotate() error {
	h := header{kind: segmentKind, number: l.header.number + 1, first: l.sequence + 1, salt: newSalt()}
	if _, err := l.spare.WriteAt(h.encode(), 0); err != nil {
		return fmt.Errorf("beginning a log: %w", err)
	}
	if err := l.spare.Sync(); err != nil {
		return fmt.Errorf("syncing a log's beginning: %w", err)
	}
	if err := l.files.finish(l.spareName, segmentKind.name(h.number)); err != nil {
		return fmt.Errorf("naming a log: %w", err)
	}
	if l.file != nil {
		if err := l.leave(); err != nil {
			return fmt.Errorf("closing a log: %w", err)
		}
	}
	l.file, l.size, l.end, l.header = l.spare, l.spareSize, headerSize, h
	l.spare, l.spareSize, l.spareName = nil, 0, ""
	return nil
}

// leave writes that the next segment, whose name is durable, was begun, and gives
// back the room that was not used. Neither is synced: a segment that is there needs
// no other to say so.
func (l *log) leave() error {
	last := sealFrame(appendNext(make([]byte, frameHeader), l.header.number+1), l.header.salt, 0)
	if _, err := l.file.WriteAt(last, l.end); err != nil {
		return err
	}
	if err := l.file.Truncate(l.end + lastSize); err != nil {
		return err
	}
	l.files.resize(segmentKind.name(l.header.number), l.end+lastSize)
	return l.file.Close()
}

// close leaves no spare behind.
func (l *log) close() error {
	err := l.dropSpare()
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
	}
	return err
}

// newSalt is a random number; reading it can't fail.
func newSalt() uint64 {
	var salt [8]byte
	_, _ = rand.Read(salt[:])
	return binary.LittleEndian.Uint64(salt[:])
}
