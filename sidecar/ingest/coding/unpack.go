package coding

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

var (
	// ErrTooLarge is for what is larger than the limit when it is unpacked.
	ErrTooLarge = errors.New("the unpacked body is too large")
	// ErrNoRoom is for memory that was not granted.
	ErrNoRoom = errors.New("there is no room to unpack the body")
)

// Limit is how much may be unpacked.
type Limit struct {
	// Bytes of the unpacked body.
	Bytes int
	// Grant is asked for the memory of the unpacked body, each time that it needs more,
	// with all that it takes then. It reports whether there is room.
	Grant func(bytes int) bool
}

// Unpacker unpacks bodies, several at once. Its zero value is ready for use.
type Unpacker struct {
	gzips, zstds sync.Pool
}

// Unpack returns what packed is, in the memory of into or in new memory. It returns
// ErrTooLarge, ErrNoRoom, or an error that says what is wrong with packed. What is not
// packed is returned as it is.
func (u *Unpacker) Unpack(c Coding, packed, into []byte, limit Limit) ([]byte, error) {
	switch c {
	case Gzip:
		return u.gunzip(packed, into, limit)
	case Zstd:
		return u.unzstd(packed, into, limit)
	default:
		return packed, nil
	}
}

func (u *Unpacker) gunzip(packed, into []byte, limit Limit) ([]byte, error) {
	reader, pooled := u.gzips.Get().(*gzip.Reader)
	if !pooled {
		reader = new(gzip.Reader)
	}
	defer u.gzips.Put(reader)
	if err := reader.Reset(bytes.NewReader(packed)); err != nil {
		return into, fmt.Errorf("the body is not gzip: %w", whole(err))
	}
	// One byte more than allowed shows that there is more than allowed.
	most := limit.Bytes + 1
	into = into[:0:min(cap(into), most)]
	for {
		if len(into) == cap(into) {
			if len(into) == most {
				return into, ErrTooLarge
			}
			larger, err := limit.enlarge(into, max(usualRatio*len(packed), growth*cap(into)), most)
			if err != nil {
				return into, err
			}
			into = larger
		}
		n, err := reader.Read(into[len(into):cap(into)])
		into = into[:len(into)+n]
		switch {
		case len(into) == most:
			return into, ErrTooLarge
		case errors.Is(err, io.EOF):
			return into, nil
		case err != nil:
			return into, fmt.Errorf("the body is not gzip: %w", whole(err))
		}
	}
}

// whole calls an end that comes too soon by that name.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// blockSpace is what the decoder needs of memory beyond what it has unpacked, so that the
// next block is sure to fit: a block has up to 128 KiB (RFC 8878, section 3.1.1.2).
const blockSpace = 128<<10 + 64

// unzstd begins anew with more memory where there was too little. It does not read a
// stream, for which the decoder would need the frame's window beside it, which may be
// 8 MiB (RFC 9659) for a body of some bytes.
func (u *Unpacker) unzstd(packed, into []byte, limit Limit) ([]byte, error) {
	if len(packed) == 0 {
		return into, fmt.Errorf("the body is not zstd: %w", io.ErrUnexpectedEOF)
	}
	decoder, err := u.zstd()
	if err != nil {
		return into, err
	}
	defer u.zstds.Put(decoder)
	into = into[:0]
	var head zstd.Header
	if head.Decode(packed) == nil && head.HasFCS {
		if head.FrameContentSize > uint64(limit.Bytes) {
			return into, ErrTooLarge
		}
		if into, err = limit.enlarge(into, int(head.FrameContentSize), limit.Bytes); err != nil {
			return nil, err
		}
	}
	most := limit.Bytes + blockSpace
	for {
		unpacked, err := decoder.DecodeAll(packed, into)
		switch {
		case len(unpacked) > limit.Bytes:
			return into, ErrTooLarge
		case err == nil:
			return unpacked, nil
		case !errors.Is(err, zstd.ErrDecoderSizeExceeded) && cap(into)-len(unpacked) >= blockSpace:
			return into, fmt.Errorf("the body is not zstd: %w", err)
		case cap(into) >= most:
			return into, ErrTooLarge
		}
		if into, err = limit.enlarge(into, max(usualRatio*len(packed), growth*cap(into)), most); err != nil {
			return nil, err
		}
	}
}

func (u *Unpacker) zstd() (*zstd.Decoder, error) {
	if decoder, pooled := u.zstds.Get().(*zstd.Decoder); pooled {
		return decoder, nil
	}
	const window = 8 << 20
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(window), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("making a zstd decoder: %w", err)
	}
	return decoder, nil
}

// A body is usually several times as large as what is sent of it, since the names of
// fields come again and again.
const (
	usualRatio = 6
	smallest   = 4 << 10
	growth     = 4
)

// enlarge returns into with memory for so many bytes and not much more, at most the
// given number.
func (l Limit) enlarge(into []byte, size, most int) ([]byte, error) {
	size = min(max(size, smallest), most)
	if size <= cap(into) {
		return into, nil
	}
	if !l.Grant(size) {
		return nil, ErrNoRoom
	}
	larger := make([]byte, len(into), size)
	copy(larger, into)
	return larger, nil
}
