package front

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// framing follows the requests of a connection that net/http serves, to know
// where each ends. It looks for what net/http lets pass: a head that says two
// things about its body, of which two servers on the way may believe different
// ones, so that the end of one request is the beginning of another that nobody
// has checked (RFC 9112, sections 5.2, 6.1 and 11.2). These are a Content-Length
// beside a Transfer-Encoding, a Transfer-Encoding in HTTP/1.0, and a line that
// goes on in the next.
//
// It is as strict as net/http or stricter: where it can't tell how to go on,
// net/http can't either.
type framing struct {
	part part
	line []byte // as far as it came
	head headFraming
	left uint64 // bytes of the body or the chunk
	done bool   // a request has just ended
}

// headFraming is what a head says about where its request ends.
type headFraming struct {
	first            string // the request line
	length, encoding string
	lengths, codings bool // whether there is a Content-Length, a Transfer-Encoding
	folded           bool // a line goes on in the next
}

// part is what comes next.
type part int

const (
	inHead part = iota
	inBody
	inChunkLine
	inChunk
	inChunkEnd // CRLF
	inTrailer
	// ended means that nothing that follows belongs to a request.
	ended
	// ambiguous is ended, after a head that says two things.
	ambiguous
)

// maxLine is longer than any line that net/http takes here.
const maxLine = 64 << 10

// follow takes the next bytes of the connection, and returns how many of them
// are of the request that is under way, or of the one that begins. It returns 0
// where nothing more is.
func (f *framing) follow(p []byte) (n int) {
	for f.done = false; n < len(p) && !f.done && f.part < ended; {
		if f.part == inBody || f.part == inChunk {
			n += f.skip(p[n:])
		} else {
			n += f.readLine(p[n:])
		}
	}
	return n
}

// skip passes what is left of a body or a chunk.
func (f *framing) skip(p []byte) int {
	n := min(uint64(len(p)), f.left)
	if f.left -= n; f.left == 0 {
		if f.part == inChunk {
			f.part = inChunkEnd
		} else {
			f.end()
		}
	}
	return int(n)
}

// end begins the next request.
func (f *framing) end() { f.part, f.done = inHead, true }

// readLine takes bytes up to the end of a line, and the line if it is whole.
func (f *framing) readLine(p []byte) int {
	end := bytes.IndexByte(p, '\n')
	n := end + 1
	if end < 0 {
		n = len(p)
	}
	f.line = append(f.line, p[:n]...)
	switch {
	case len(f.line) > maxLine:
		f.part = ended
	case end >= 0:
		f.take(f.line[:len(f.line)-1])
		f.line = f.line[:0]
	}
	return n
}

// take takes a line without its LF.
func (f *framing) take(line []byte) {
	text, hasCR := bytes.CutSuffix(line, []byte{'\r'})
	switch f.part {
	case inHead:
		f.takeHead(text)
	case inChunkLine:
		f.takeChunk(text, hasCR)
	case inChunkEnd:
		f.part = inChunkLine
		if len(text) > 0 || !hasCR {
			f.part = ended
		}
	default: // inTrailer
		if len(text) == 0 {
			f.end()
		}
	}
}

// takeHead takes a line of a head, before which there may be empty ones.
func (f *framing) takeHead(text []byte) {
	h := &f.head
	switch {
	case h.first == "":
		h.first = string(text)
	case len(text) == 0:
		f.part, f.left = h.follows()
		f.head = headFraming{}
		if f.part == inHead {
			f.end()
		}
	case text[0] == ' ' || text[0] == '\t':
		h.folded = true
	default:
		name, value, _ := bytes.Cut(text, []byte{':'})
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			h.lengths, h.length = true, string(bytes.Trim(value, " \t"))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			h.codings, h.encoding = true, string(bytes.Trim(value, " \t"))
		}
	}
}

// follows says what comes after the head, inHead if that is the next request. It
// is ended where net/http refuses a length or an encoding by itself.
func (h *headFraming) follows() (next part, size uint64) {
	switch {
	case h.folded, h.codings && (h.lengths || strings.HasSuffix(h.first, " HTTP/1.0")):
		return ambiguous, 0
	case h.codings && strings.EqualFold(h.encoding, "chunked"):
		return inChunkLine, 0
	case h.codings:
		return ended, 0
	case !h.lengths:
		return inHead, 0
	}
	size, err := strconv.ParseUint(h.length, 10, 63)
	switch {
	case err != nil:
		return ended, 0
	case size == 0:
		return inHead, 0
	}
	return inBody, size
}

// takeChunk takes the line before a chunk, which must end with CRLF.
func (f *framing) takeChunk(text []byte, hasCR bool) {
	if !hasCR || bytes.IndexByte(text, '\r') >= 0 {
		f.part = ended
		return
	}
	size, _, _ := bytes.Cut(bytes.TrimRight(text, " \t"), []byte{';'})
	n, ok := parseHex(size)
	switch {
	case !ok:
		f.part = ended
	case n == 0:
		f.part = inTrailer
	default:
		f.part, f.left = inChunk, n
	}
}

func parseHex(digits []byte) (n uint64, ok bool) {
	if len(digits) == 0 || len(digits) > 16 {
		return 0, false
	}
	for _, c := range digits {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, n <= math.MaxInt64
}
