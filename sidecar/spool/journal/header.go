package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// kind of a file.
type kind uint64

const (
	segmentKind    kind = 1
	checkpointKind kind = 2
)

const (
	segmentPrefix    = "log-"
	checkpointPrefix = "checkpoint-"
	unfinishedSuffix = ".tmp"
	numberDigits     = 16
)

func (k kind) name(number uint64) string {
	prefix := segmentPrefix
	if k == checkpointKind {
		prefix = checkpointPrefix
	}
	return fmt.Sprintf("%s%0*x", prefix, numberDigits, number)
}

// number reads the name of a finished file of this kind.
func (k kind) number(name string) (uint64, bool) {
	prefix := segmentPrefix
	if k == checkpointKind {
		prefix = checkpointPrefix
	}
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok || len(digits) != numberDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil && k.name(n) == name
}

// isUnfinished reports whether a name is that of a file that was begun.
func isUnfinished(name string) bool {
	base, ok := strings.CutSuffix(name, unfinishedSuffix)
	if !ok {
		return false
	}
	_, segment := segmentKind.number(base)
	_, checkpoint := checkpointKind.number(base)
	return segment || checkpoint
}

const (
	headerSize = 48
	magic      = "psspool"
	version    = 1
)

var errVersion = errors.New("it has a version that this program does not know; run the version that wrote it")

// header is what a file begins with.
type header struct {
	kind   kind
	number uint64
	first  uint64 // sequence of the first frame, in the segment or behind the checkpoint
	salt   uint64
}

func (h header) encode() []byte {
	dst := append(make([]byte, 0, headerSize), magic...)
	dst = append(dst, version)
	for _, n := range []uint64{uint64(h.kind), h.number, h.first, h.salt} {
		dst = binary.LittleEndian.AppendUint64(dst, n)
	}
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli()))
	return dst[:headerSize]
}

// decodeHeader reads the header of the file of the given kind and number.
func decodeHeader(data []byte, k kind, number uint64) (header, error) {
	if len(data) < headerSize || string(data[:len(magic)]) != magic {
		return header{}, errors.New("it is no file of a spool")
	}
	if data[len(magic)] != version {
		return header{}, errVersion
	}
	if crc32.Checksum(data[:40], castagnoli()) != binary.LittleEndian.Uint32(data[40:]) {
		return header{}, errors.New("its header is damaged")
	}
	h := header{
		kind:   kind(binary.LittleEndian.Uint64(data[8:])),
		number: binary.LittleEndian.Uint64(data[16:]),
		first:  binary.LittleEndian.Uint64(data[24:]),
		salt:   binary.LittleEndian.Uint64(data[32:]),
	}
	if h.kind != k || h.number != number {
		return header{}, errors.New("it is another file than its name says")
	}
	return h, nil
}
