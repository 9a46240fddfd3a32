package scan

import "fmt"

// kind is the type of a JSON value; kindNone means that there is no value.
type kind byte

const (
	kindNone kind = iota
	kindNull
	kindBool
	kindNumber
	kindString
	kindObject
	kindArray
)

// String is the kind's name in an error message.
func (k kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an object", "an array"}[k]
}

// value is where a JSON value stands in the text. A string's span is without
// its quotes.
type value struct {
	kind       kind
	escaped    bool // the string has escape sequences
	start, end int
}

// maxDepth bounds the nesting of arrays and objects, which only unknown fields
// can have.
const maxDepth = 64

// SyntaxError says where and why a text is not JSON.
type SyntaxError struct {
	Pos  int // offset of the byte, from 0
	what string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.what, e.Pos+1) }

// scanner walks a JSON text in place. It takes what encoding/json takes, but
// for nesting beyond maxDepth. It builds nothing: callers keep the spans of the
// values they know and skip the others.
type scanner struct {
	data []byte
	pos  int
}

func (s *scanner) fail(what string) *SyntaxError {
	if s.pos >= len(s.data) {
		return &SyntaxError{Pos: len(s.data), what: "the text ends too early"}
	}
	return &SyntaxError{Pos: s.pos, what: what}
}

// space skips white space and returns the next byte, or 0 at the end.
func (s *scanner) space() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// end checks that nothing but white space follows.
func (s *scanner) end() *SyntaxError {
	s.space()
	if s.pos < len(s.data) {
		return s.fail("unexpected text after the JSON value")
	}
	return nil
}

// value scans one value of any kind, inside depth arrays and objects.
func (s *scanner) value(depth int) (value, *SyntaxError) {
	switch c := s.space(); {
	case c == '"':
		return s.string()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == '{':
		start := s.pos
		err := s.object(depth, nil)
		return value{kind: kindObject, start: start, end: s.pos}, err
	case c == '[':
		start := s.pos
		err := s.array(depth, func() *SyntaxError {
			_, err := s.value(depth + 1)
			return err
		})
		return value{kind: kindArray, start: start, end: s.pos}, err
	case c == 't':
		return s.literal("true", kindBool)
	case c == 'f':
		return s.literal("false", kindBool)
	case c == 'n':
		return s.literal("null", kindNull)
	}
	return value{}, s.fail("expected a JSON value")
}

func (s *scanner) literal(word string, k kind) (value, *SyntaxError) {
	start := s.pos
	for i := range len(word) {
		if s.pos >= len(s.data) || s.data[s.pos] != word[i] {
			return value{}, s.fail("expected " + word)
		}
		s.pos++
	}
	return value{kind: k, start: start, end: s.pos}, nil
}

// object scans an object. For each member, visit (if given) gets the span of
// the name and of the value.
func (s *scanner) object(depth int, visit func(name, v value)) *SyntaxError {
	if depth >= maxDepth {
		return s.fail("nesting is too deep")
	}
	s.pos++ // {
	if s.space() == '}' {
		s.pos++
		return nil
	}
	for {
		if s.space() != '"' {
			return s.fail("expected a field name in quotes")
		}
		name, err := s.string()
		if err != nil {
			return err
		}
		if s.space() != ':' {
			return s.fail("expected a colon after the field name")
		}
		s.pos++
		v, err := s.value(depth + 1)
		if err != nil {
			return err
		}
		if visit != nil {
			visit(name, v)
		}
		switch s.space() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return nil
		default:
			return s.fail("expected a comma or the end of the object")
		}
	}
}

// array scans an array and calls element at the start of each element, which it
// has to scan.
func (s *scanner) array(depth int, element func() *SyntaxError) *SyntaxError {
	if depth >= maxDepth {
		return s.fail("nesting is too deep")
	}
	s.pos++ // [
	if s.space() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch s.space() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return nil
		default:
			return s.fail("expected a comma or the end of the array")
		}
	}
}

// string scans a string from its opening quote.
func (s *scanner) string() (value, *SyntaxError) {
	s.pos++ // "
	v := value{kind: kindString, start: s.pos}
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			v.end = s.pos
			s.pos++
			return v, nil
		case c < 0x20:
			return value{}, s.fail("a control character in a string must be escaped")
		case c == '\\':
			v.escaped = true
			s.pos++
			if err := s.escape(); err != nil {
				return value{}, err
			}
		default:
			s.pos++
		}
	}
	return value{}, s.fail("")
}

// escape scans what follows a backslash.
func (s *scanner) escape() *SyntaxError {
	if s.pos >= len(s.data) {
		return s.fail("")
	}
	switch s.data[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
		s.pos++
		for range 4 {
			if s.pos >= len(s.data) || !isHex(s.data[s.pos]) {
				return s.fail("\\u must be followed by four hexadecimal digits")
			}
			s.pos++
		}
		return nil
	}
	return s.fail("unknown escape sequence in a string")
}

func (s *scanner) number() (value, *SyntaxError) {
	v := value{kind: kindNumber, start: s.pos}
	if s.data[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return value{}, s.fail("expected a digit")
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return value{}, s.fail("expected a digit after the decimal point")
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return value{}, s.fail("expected a digit in the exponent")
		}
	}
	v.end = s.pos
	return v, nil
}

// digits skips decimal digits and reports whether there were any.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start
}

func isHex(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f'
}
