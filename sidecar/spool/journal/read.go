package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// reader reads the frames of a file, one after the other.
type reader struct {
	file   disk.File
	path   string
	size   int64
	header header
	at     int64 // of the next frame

	window []byte // of the file, from start
	start  int64
}

// readAhead is how much of a file is read at once.
const readAhead = 1 << 20

// newReader reads the header of the file of a kind and number.
func newReader(file disk.File, path string, k kind, number uint64) (*reader, error) {
	size, err := file.Size()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	r := &reader{file: file, path: path, size: size, at: headerSize}
	data, err := r.peek(0, headerSize)
	if err != nil {
		return nil, err
	}
	r.header, err = decodeHeader(data, k, number)
	switch {
	case errors.Is(err, errVersion):
		return nil, fmt.Errorf("reading %s: %w", path, err)
	case err != nil:
		return nil, r.damage(-1, err)
	}
	return r, nil
}

// peek returns n bytes of the file, less if it ends before. They are good until
// the next call.
func (r *reader) peek(at, n int64) ([]byte, error) {
	n = max(0, min(n, r.size-at))
	if at >= r.start && at+n <= r.start+int64(len(r.window)) {
		return r.window[at-r.start:][:n], nil
	}
	length := min(max(n, readAhead), r.size-at)
	if int64(cap(r.window)) < length {
		r.window = make([]byte, length)
	}
	r.window, r.start = r.window[:length], at
	if read, err := r.file.ReadAt(r.window, at); err != nil && (!errors.Is(err, io.EOF) || int64(read) < length) {
		r.window = nil
		return nil, fmt.Errorf("reading %s: %w", r.path, err)
	}
	return r.window[:n], nil
}

// next returns the next frame, or errFrame, at which r stays. The payload is good
// until the next call.
func (r *reader) next() (sequence uint64, payload []byte, err error) {
	head, err := r.peek(r.at, frameHeader)
	if err != nil {
		return 0, nil, err
	}
	if len(head) < frameHeader {
		return 0, nil, errFrame
	}
	length := int64(binary.LittleEndian.Uint32(head))
	if length == 0 || length > r.size-r.at-frameHeader {
		return 0, nil, errFrame
	}
	frame, err := r.peek(r.at, frameHeader+length)
	if err != nil {
		return 0, nil, err
	}
	sequence, payload, err = cutFrame(frame, r.header.salt)
	if err == nil {
		r.at = min(r.at+frameSize(len(payload)), r.size)
	}
	return sequence, payload, err
}

// rest returns all of the file from r on.
func (r *reader) rest() ([]byte, error) { return r.peek(r.at, r.size-r.at) }

func (r *reader) damage(at int64, err error) error {
	return &DamageError{File: r.path, Offset: at, Err: err}
}
