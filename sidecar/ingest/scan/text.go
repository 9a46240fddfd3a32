package scan

import (
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// CheckText says what is wrong with an id, "" if nothing: ids are keys in the
// database, which takes neither NUL nor bytes that are not UTF-8, and no id of
// an app has control characters.
func CheckText(s []byte) string {
	if len(s) == 0 {
		return "must not be empty"
	}
	characters := 0
	for i := 0; i < len(s); characters++ {
		if c := s[i]; c < utf8.RuneSelf {
			if c < 0x20 || c == 0x7f {
				return "must not contain control characters"
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError && size == 1 {
			return "must be valid UTF-8"
		}
		if unicode.IsControl(r) {
			return "must not contain control characters"
		}
		i += size
	}
	if characters > progress.MaxText {
		return "must have at most 255 characters"
	}
	return ""
}

// appendUnescaped appends the text of a JSON string that was scanned without
// error. A surrogate without its partner becomes a byte that is not UTF-8, so
// that CheckText refuses it.
func appendUnescaped(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			dst = append(dst, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				if i+6 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					r = utf16.DecodeRune(r, hex4(s[i+3:]))
				} else {
					r = unicode.ReplacementChar
				}
				if r == unicode.ReplacementChar {
					dst = append(dst, 0xff)
					continue
				}
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
		default: // '"', '\\', '/'
			dst = append(dst, s[i])
		}
	}
	return dst
}

func hex4(s []byte) rune {
	var r rune
	for _, c := range s[:4] {
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c | 0x20 - 'a' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}
