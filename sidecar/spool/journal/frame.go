package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

const (
	frameHeader = 16
	alignment   = 8

	// maxFrame bounds a frame's payload, in bytes.
	maxFrame = 1 << 30
)

// lastSize is what the last frame of a segment takes: one number.
const lastSize = frameHeader + 8

// castagnoli is made by each caller: the package hash/crc32 makes it once.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// frameSize is the number of bytes that a payload takes in a file.
func frameSize(payload int) int64 {
	return (int64(frameHeader+payload) + alignment - 1) / alignment * alignment
}

// sealFrame fills in the header of a frame whose payload lies behind room for it,
// and pads it.
func sealFrame(frame []byte, salt, sequence uint64) []byte {
	payload := len(frame) - frameHeader
	binary.LittleEndian.PutUint32(frame, uint32(payload))
	binary.LittleEndian.PutUint64(frame[8:], sequence)
	binary.LittleEndian.PutUint32(frame[4:], checksum(frame, salt))
	return append(frame, make([]byte, frameSize(payload)-int64(len(frame)))...)
}

// checksum is that of a frame without its padding.
func checksum(frame []byte, salt uint64) uint32 {
	var seed [12]byte
	binary.LittleEndian.PutUint64(seed[:], salt)
	copy(seed[8:], frame[:4])
	sum := crc32.Update(0, castagnoli(), seed[:])
	return crc32.Update(sum, castagnoli(), frame[8:])
}

var errFrame = errors.New("a frame cannot be read")

// cutFrame returns the frame that data begins with.
func cutFrame(data []byte, salt uint64) (sequence uint64, payload []byte, err error) {
	if len(data) < frameHeader {
		return 0, nil, errFrame
	}
	length := int64(binary.LittleEndian.Uint32(data))
	if length == 0 || length > maxFrame || frameHeader+length > int64(len(data)) {
		return 0, nil, errFrame
	}
	frame := data[:frameHeader+length]
	if checksum(frame, salt) != binary.LittleEndian.Uint32(data[4:]) {
		return 0, nil, errFrame
	}
	return binary.LittleEndian.Uint64(data[8:]), frame[frameHeader:], nil
}

// laterFrame looks for a frame in data that was written after the one with the
// given sequence, at least 1, and returns its place, -1 if there is none.
func laterFrame(data []byte, salt, sequence uint64) int {
	most := sequence + uint64(len(data)/frameHeader)
	// A header has its sequence, which is not zero; a payload may end with zeros.
	for at, end := 0, untilZeros(data); at < end && at+frameHeader <= len(data); at += alignment {
		found := binary.LittleEndian.Uint64(data[at+8:])
		if found < sequence || found > most {
			continue
		}
		if _, _, err := cutFrame(data[at:], salt); err == nil {
			return at
		}
	}
	return -1
}

// untilZeros is the length of data without the zeros at its end, which are most of a
// segment that is not full. It looks at a block at once.
func untilZeros(data []byte) int {
	var zeros [4 << 10]byte
	n := len(data)
	for n >= len(zeros) && bytes.Equal(data[n-len(zeros):n], zeros[:]) {
		n -= len(zeros)
	}
	for n > 0 && data[n-1] == 0 {
		n--
	}
	return n
}
